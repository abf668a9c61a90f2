#!/usr/bin/env bash
# The newest SDKs that know agents: their own agents tests against the emulator, and what changed in their types of an agent
# since those that run.sh pins. Prints the difference of the types to the file in $1, or to stdout; only a test that fails is
# an error.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${RETINUE_OUTSIDE_PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The types of an agent by one SDK, `openai-3.57.0` or `openai-newest`; prints its name with its version.
types() {
  local package=${1%%-*} wanted=${1/-/==}
  "$python" -m venv "$folder/$1"
  "$folder/$1/bin/python" -m pip install -q --disable-pip-version-check "${wanted%==newest}"
  "$folder/$1/bin/python" "tests/outside/${package/openai/agents}_types.py" >"$folder/$1.json"
  "$folder/$1/bin/python" -c "import $package; print('$package-' + $package.__version__)"
}

# `name` and what run.sh says after `name=${…:-`.
compare() {
  local pinned newest
  pinned=$(sed -n "s/^$1=.*:-\\(.*\\)}\$/\\1/p" tests/outside/run.sh)
  types "${pinned:?run.sh pins no SDK $1}" >&2
  newest=$(types "${pinned%%-*}-newest")
  {
    echo "types of an agent, from $pinned to $newest:"
    diff -U 5 --label "$pinned" --label "$newest" "$folder/$pinned.json" "$folder/${pinned%%-*}-newest.json" &&
      echo "no difference"
  } >>"$folder/types.diff" || true
  echo "$newest"
}

now=$(compare now)
anthropic=$(compare anthropic)
cat "$folder/types.diff" >"${1:-/dev/stdout}"
RETINUE_OUTSIDE_NOW_SDK_NAME=$now RETINUE_OUTSIDE_NOW_SDK_SHA256=any \
  RETINUE_OUTSIDE_ANTHROPIC_SDK_NAME=$anthropic RETINUE_OUTSIDE_ANTHROPIC_SDK_SHA256=any \
  tests/outside/run.sh -k "test_agents or test_anthropic"
