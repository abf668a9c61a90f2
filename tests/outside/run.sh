#!/usr/bin/env bash
# The proofs by things we did not write, in a virtual environment of their own: see docs/outside-proofs.md.
# Usage: tests/outside/run.sh [pytest options], or `tests/outside/run.sh install` for the environment alone.
# RETINUE_OUTSIDE_DIR: where it keeps the environment and the SDK's source.
# RETINUE_OUTSIDE_PYTHON: the interpreter, by default python3. RETINUE_OUTSIDE_AZURE_DEFINITION: the absolute path of a file
# that no package carries; without it the tests that need it are left out.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK=1

sdk=openai-2.30.0
sdk_sha256=92f7661c990bda4b22a941806c83eabe4896c3094465030dd882a71abe80c885
# The SDKs that know agents. Its name is all that a newer one needs, with `any` for the digest.
now=${RETINUE_OUTSIDE_NOW_SDK_NAME:-openai-3.57.0}
now_sha256=${RETINUE_OUTSIDE_NOW_SDK_SHA256:-5a0a89d6a542efc85e2a8cec701ca9265b795d578c777828e10fafdf80e333b6}
foundry=azure_ai_projects-2.10.0
foundry_sha256=c1edbb1241c973538a85de45a467edf9d6c244916c01cf68751eedbe65e7f37f
anthropic=${RETINUE_OUTSIDE_ANTHROPIC_SDK_NAME:-anthropic-2.14.0}
anthropic_sha256=${RETINUE_OUTSIDE_ANTHROPIC_SDK_SHA256:-afb02f4df8efba429ff769bbfd71340d8b244b41ba42c073a45cc307702549fe}
mistral=mistralai==3.7.0
folder=${RETINUE_OUTSIDE_DIR:-${XDG_CACHE_HOME:-${HOME:?set RETINUE_OUTSIDE_DIR}/.cache}/retinue-outside}
python=${RETINUE_OUTSIDE_PYTHON:-python3}
venv=$folder/venv

# What the environment is made of; anything else than last time, and it is made again.
made_of() {
  "$python" --version
  pwd
  echo "$now" "$anthropic"
  cat pyproject.toml tests/outside/requirements.txt tests/outside/run.sh
}

unpack() {
  "$venv/bin/python" - "$1" "$2" "$3" <<'PY'
import hashlib, pathlib, sys, tarfile
archive, target, expected = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
digest = hashlib.sha256(archive.read_bytes()).hexdigest()
if expected not in (digest, "any"):
    sys.exit(f"{archive.name} has the digest {digest}, not {expected}")
with tarfile.open(archive) as opened:
    wanted = [item for item in opened if item.name.partition("/")[2].startswith(("tests/", "pyproject.toml"))]
    opened.extractall(target, wanted, filter="data")
PY
}

if ! made_of | cmp -s - "$folder/made-of"; then
  rm -rf "$folder/venv" "$folder/then" "$folder/now" "$folder/anthropic" "$folder/mistral" "$folder/source" "$folder/made-of"
  mkdir -p "$folder/source"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install -qU pip  # the one of Python 3.11 knows no groups
  "$venv/bin/pip" install -q -e . --group test -r tests/outside/requirements.txt
  "$venv/bin/pip" download -q --no-deps --no-binary :all: --no-build-isolation -d "$folder/source" "${sdk/-/==}"
  unpack "$folder/source/$sdk.tar.gz" "$folder/source" "$sdk_sha256"
  "$venv/bin/pip" download -q --no-deps --no-binary :all: --no-build-isolation -d "$folder/source" "${now/-/==}"
  unpack "$folder/source/$now.tar.gz" "$folder/source" "$now_sha256"
  "$python" -m venv "$folder/now"
  "$folder/now/bin/pip" install -q "${now/openai-/openai[aiohttp]==}" pytest==9.0.3 pytest-asyncio==1.5.0 rich==15.0.0 respx==0.23.1
  # The SDK of Foundry's agents stands beside it: it uses it. Its source is 40 MB.
  "$folder/now/bin/pip" install -q "${foundry/-/==}"
  "$venv/bin/pip" download -q --no-deps --no-binary :all: --no-build-isolation -d "$folder/source" "${foundry/-/==}"
  unpack "$folder/source/$foundry.tar.gz" "$folder/source" "$foundry_sha256"
  "$venv/bin/pip" download -q --no-deps --no-binary :all: --no-build-isolation -d "$folder/source" "${anthropic/-/==}"
  unpack "$folder/source/$anthropic.tar.gz" "$folder/source" "$anthropic_sha256"
  "$python" -m venv "$folder/anthropic"
  "$folder/anthropic/bin/pip" install -q "${anthropic/-/[aiohttp]==}" pytest==9.0.3 pytest-asyncio==1.5.0 respx==0.23.1 \
    inline-snapshot==0.36.1 'http-snapshot[httpx]==0.1.9'
  "$python" -m venv "$folder/mistral"
  "$folder/mistral/bin/pip" install -q "$mistral"
  # The SDK as it was when assistants had files of their own.
  "$python" -m venv "$folder/then"
  "$folder/then/bin/pip" install -q openai==1.14.0 httpx==0.27.2
  made_of >"$folder/made-of"
fi

if [[ ${1:-} == install ]]; then exit; fi

without=()
if [ -z "${RETINUE_OUTSIDE_AZURE_DEFINITION:-}" ]; then
  without=(--ignore tests/outside/test_azure_definition.py)
  echo "RETINUE_OUTSIDE_AZURE_DEFINITION is not set: test_azure_definition.py is left out" >&2
fi

# Our own tests are not asynchronous, and the plugin for such tests would want a setting of ours.
RETINUE_OUTSIDE=1 RETINUE_OUTSIDE_SDK=$folder/source/$sdk RETINUE_OUTSIDE_THEN=$folder/then/bin/python \
  RETINUE_OUTSIDE_NOW=$folder/now/bin/python RETINUE_OUTSIDE_NOW_SDK=$folder/source/$now \
  RETINUE_OUTSIDE_FOUNDRY_SDK=$folder/source/$foundry \
  RETINUE_OUTSIDE_MISTRAL=$folder/mistral/bin/python \
  RETINUE_OUTSIDE_ANTHROPIC=$folder/anthropic/bin/python RETINUE_OUTSIDE_ANTHROPIC_SDK=$folder/source/$anthropic \
  "$venv/bin/python" -m pytest -q -p no:asyncio -m outside ${without[@]+"${without[@]}"} tests/outside "$@"
