#!/usr/bin/env bash
# Writes the retinue.yaml of the base branch to a file and names it in the output `file`: a pull request must not choose
# where a key is sent. The checkout is the merge commit; its first parent is the base. Reads INPUT_DIRECTORY.
set -euo pipefail

file=$RUNNER_TEMP/base-retinue.yaml
folder=${INPUT_DIRECTORY:-.}
if ! git show "HEAD^1:./${folder%/}/retinue.yaml" >"$file"; then
  echo "::error::the base branch has no retinue.yaml in this folder: merge that file first, then plan"
  exit 3
fi
echo "file=$file" >>"$GITHUB_OUTPUT"
