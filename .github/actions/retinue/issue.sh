#!/usr/bin/env bash
# One open issue for drift of an environment: opened, brought up to date, or closed once nothing is moved any more.
# Reads INPUT_ENVIRONMENT, MOVED (true or false), REPORT (a Markdown file), GH_REPO; needs gh with `issues: write`.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
title="retinue: drift in ${INPUT_ENVIRONMENT:-the only environment}"
# Not `gh issue list --search`: the token of a workflow is shown nothing by the search.
number=$(gh api --paginate "repos/$GH_REPO/issues?state=open&per_page=100" | python3 -I "$here/open_issue.py" "$title")

if [[ $MOVED == true && -z $number ]]; then
  gh issue create --title "$title" --body-file "$REPORT"
elif [[ $MOVED == true ]]; then
  gh issue edit "$number" --body-file "$REPORT"
elif [[ -n $number ]]; then
  gh issue close "$number" --comment "Nothing differs from what was last applied."
fi
