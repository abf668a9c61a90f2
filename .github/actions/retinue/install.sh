#!/usr/bin/env bash
# Puts the retinue of this checkout on the PATH of the later steps: the commit that a workflow pins is what runs, whatever
# else is called retinue, with just the packages whose hashes stand in ci/ of that commit. Reads RUNNER_TEMP, GITHUB_PATH, GITHUB_ACTION_PATH. The working directory is anybody's pull
# request: -I keeps Python from taking modules there. What pip runs sees no key.
set -euo pipefail

venv=$RUNNER_TEMP/retinue-venv
echo "$venv/bin" >>"$GITHUB_PATH"
if [[ -e $venv/made-from && $(<"$venv/made-from") == "$GITHUB_ACTION_PATH" ]]; then
  exit 0
fi

clean=(env -i)
for name in PATH HOME TMPDIR LANG LC_ALL LD_LIBRARY_PATH SystemRoot SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE \
  HTTPS_PROXY HTTP_PROXY NO_PROXY https_proxy http_proxy no_proxy \
  PIP_CONFIG_FILE PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_CERT PIP_PROXY PIP_CACHE_DIR; do
  [[ -z ${!name:-} ]] || clean+=("$name=${!name}")
done
"${clean[@]}" python3 -I -m venv --clear "$venv"
tool=$GITHUB_ACTION_PATH/../../..
pip=("${clean[@]}" "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" --require-hashes --only-binary :all: -r "$tool/ci/requirements.txt" -r "$tool/ci/build-requirements.txt"
"${pip[@]}" --no-index --no-deps --no-build-isolation "$tool"
printf %s "$GITHUB_ACTION_PATH" >"$venv/made-from"
