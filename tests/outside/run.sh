#!/usr/bin/env bash
# The proofs by things we did not write, in a virtual environment of their own: see docs/outside-proofs.md.
# Usage: tests/outside/run.sh [pytest options]. RETINUE_OUTSIDE_DIR: where it keeps the environment and the SDK's source.
# RETINUE_OUTSIDE_PYTHON: the interpreter, by default python3. RETINUE_OUTSIDE_AZURE_DEFINITION: the absolute path of a file
# that no package carries; without it the tests that need it are left out.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK=1

sdk=openai-2.30.0
sdk_sha256=92f7661c990bda4b22a941806c83eabe4896c3094465030dd882a71abe80c885
# The SDKs that know agents, with their digests; a newer one needs its name alone, with `any` for the digest.
now=${RETINUE_OUTSIDE_NOW_SDKS:-"
  openai-3.57.0 5a0a89d6a542efc85e2a8cec701ca9265b795d578c777828e10fafdf80e333b6
  anthropic-2.14.0 afb02f4df8efba429ff769bbfd71340d8b244b41ba42c073a45cc307702549fe
"}
folder=${RETINUE_OUTSIDE_DIR:-${XDG_CACHE_HOME:-${HOME:?set RETINUE_OUTSIDE_DIR}/.cache}/retinue-outside}
python=${RETINUE_OUTSIDE_PYTHON:-python3}
venv=$folder/venv

# What the environment is made of; anything else than last time, and it is made again.
made_of() {
  "$python" --version
  pwd
  echo "$now"
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

source_of() {
  "$venv/bin/pip" download -q --no-deps --no-binary :all: --no-build-isolation -d "$folder/source" "${1/-/==}"
  unpack "$folder/source/$1.tar.gz" "$3" "$2"
}

# One of today's SDKs, in an environment within its unpacked source.
of_today() {
  source_of "$1" "$2" "$folder/now"
  "$python" -m venv "$folder/now/$1/venv"
  "$folder/now/$1/venv/bin/pip" install -q "${1/-/[aiohttp]==}" pytest==9.0.3 pytest-asyncio==1.5.0 rich==15.0.0 respx==0.23.1 \
    inline-snapshot==0.36.1 'http-snapshot[httpx]==0.1.9'
}

if ! made_of | cmp -s - "$folder/made-of"; then
  rm -rf "$folder/venv" "$folder/then" "$folder/now" "$folder/source" "$folder/made-of"
  mkdir -p "$folder/source"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install -q -e '.[dev]' -r tests/outside/requirements.txt
  source_of "$sdk" "$sdk_sha256" "$folder/source"
  # At once, as each takes its time.
  waiting=()
  while read -r name sha256; do
    of_today "$name" "$sha256" &
    waiting+=($!)
  done < <(grep . <<<"$now")
  for one in "${waiting[@]}"; do wait "$one"; done
  # The SDK as it was when assistants had files of their own.
  "$python" -m venv "$folder/then"
  "$folder/then/bin/pip" install -q openai==1.14.0 httpx==0.27.2
  made_of >"$folder/made-of"
fi

without=()
if [ -z "${RETINUE_OUTSIDE_AZURE_DEFINITION:-}" ]; then
  without=(--ignore tests/outside/test_azure_definition.py)
  echo "RETINUE_OUTSIDE_AZURE_DEFINITION is not set: test_azure_definition.py is left out" >&2
fi

# Our own tests are not asynchronous, and the plugin for such tests would want a setting of ours.
RETINUE_OUTSIDE=1 RETINUE_OUTSIDE_SDK=$folder/source/$sdk RETINUE_OUTSIDE_THEN=$folder/then/bin/python \
  RETINUE_OUTSIDE_NOW=$folder/now "$venv/bin/python" -m pytest -q -p no:asyncio -m outside ${without[@]+"${without[@]}"} tests/outside "$@"
