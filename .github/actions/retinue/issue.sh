#!/usr/bin/env bash
# One open issue for drift of an environment: opened, brought up to date, or closed once nothing is moved any more.
# Reads INPUT_ENVIRONMENT, MOVED (true or false), REPORT (a Markdown file); needs gh with `issues: write`.
set -euo pipefail

title="retinue: drift in ${INPUT_ENVIRONMENT:-the only environment}"
number=$(gh issue list --state open --limit 200 --search "in:title \"$title\" author:@me" --json number,title |
  TITLE=$title python3 -c 'import json, os, sys
print(min((row["number"] for row in json.load(sys.stdin) if row["title"] == os.environ["TITLE"]), default=""))')

if [[ $MOVED == true && -z $number ]]; then
  gh issue create --title "$title" --body-file "$REPORT"
elif [[ $MOVED == true ]]; then
  gh issue edit "$number" --body-file "$REPORT"
elif [[ -n $number ]]; then
  gh issue close "$number" --comment "Nothing differs from what was last applied."
fi
