#!/usr/bin/env bash
# The newest openai SDK: its own agents tests against the emulator, and what changed in its types of an agent since the SDK
# that run.sh pins. Prints the difference of the types to the file in $1, or to stdout; only a test that fails is an error.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${RETINUE_OUTSIDE_PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
pinned=$(sed -n 's/^now=.*:-\(openai-[0-9.]*\)}$/\1/p' tests/outside/run.sh)
for sdk in "${pinned:?run.sh pins no SDK}" openai-newest; do
  "$python" -m venv "$folder/$sdk"
  wanted=${sdk/-/==}
  "$folder/$sdk/bin/python" -m pip install -q --disable-pip-version-check "${wanted%==newest}"
  "$folder/$sdk/bin/python" tests/outside/agents_types.py >"$folder/$sdk.json"
done
newest=openai-$("$folder/openai-newest/bin/python" -c 'import openai; print(openai.__version__)')
{
  echo "types of an agent, from $pinned to $newest:"
  diff -U 5 --label "$pinned" --label "$newest" "$folder/$pinned.json" "$folder/openai-newest.json" && echo "no difference"
} >"${1:-/dev/stdout}" || true
RETINUE_OUTSIDE_NOW_SDK_NAME=$newest RETINUE_OUTSIDE_NOW_SDK_SHA256=any tests/outside/run.sh -k test_agents
