#!/usr/bin/env bash
# Puts retinue on the PATH of the later steps: the named version from PyPI, else the one that is there, else this
# checkout's. Reads INPUT_VERSION, RUNNER_TEMP, GITHUB_PATH, GITHUB_ACTION_PATH. The working directory is anybody's pull
# request: -I keeps Python from taking modules there.
set -euo pipefail

version=${INPUT_VERSION:-}
if [[ -z $version ]] && command -v retinue >/dev/null; then
  retinue --version
  exit 0
fi
if [[ -n $version && ! $version =~ ^[0-9][0-9A-Za-z.+-]*$ ]]; then
  echo "::error::the input version is no version"
  exit 3
fi
python3 -I -m venv "$RUNNER_TEMP/retinue-venv"
"$RUNNER_TEMP/retinue-venv/bin/python" -I -m pip install --quiet --disable-pip-version-check \
  "${version:+retinue==}${version:-$GITHUB_ACTION_PATH/../../..}"
echo "$RUNNER_TEMP/retinue-venv/bin" >>"$GITHUB_PATH"
