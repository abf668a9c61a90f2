#!/usr/bin/env bash
# Runs one retinue command and tells the workflow how it ended: annotations, job summary, outputs.
# Reads INPUT_*, RUNNER_TEMP, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY. Ends as retinue does, but 0 where changes are pending.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
mkdir -p "$RUNNER_TEMP/retinue"
plan=$RUNNER_TEMP/retinue/plan.json
result=$RUNNER_TEMP/retinue/result.json
scope=(-C "${INPUT_DIRECTORY:-.}")
[[ -z ${INPUT_ENVIRONMENT:-} ]] || scope+=(--env "$INPUT_ENVIRONMENT")
[[ -z ${INPUT_PROJECT_FILE:-} ]] || scope+=(--project-file "$INPUT_PROJECT_FILE")

tell() { python3 -I "$here/outputs.py" "$1" >>"$GITHUB_OUTPUT"; }

# How an apply ended, for the job summary, the log, and whoever tells the pull request; also where it ended before a step.
tell_result() {
  printf 'result=%s\n' "$result" >>"$GITHUB_OUTPUT"
  retinue comment --result "$result" "${scope[@]:0:2}" ${INPUT_ENVIRONMENT:+--env "$INPUT_ENVIRONMENT"} --out - |
    tee -a "$GITHUB_STEP_SUMMARY"
}

make_plan() {
  local code=0
  rm -f "$plan"
  if [[ ${INPUT_COMMAND:-plan} == apply ]]; then
    retinue plan "${scope[@]}" --format json --out "$plan" >"$result" || code=$?
  else
    retinue plan "${scope[@]}" --out "$plan" || code=$?
  fi
  [[ $code != 0 ]] || { tell "$plan"; return; }
  retinue validate "${scope[@]}" --format github || true
  # What counts is how the plan ended, even where nothing tells whose comment that is about.
  [[ ${INPUT_COMMAND:-plan} != apply ]] || tell_result || true
  exit "$code"
}

case ${INPUT_COMMAND:-plan} in
  validate)
    retinue validate "${scope[@]}" --format github
    ;;
  plan)
    make_plan
    retinue show "$plan" --format github
    retinue show "$plan" --format markdown >>"$GITHUB_STEP_SUMMARY"
    retinue show "$plan" --format html >"$RUNNER_TEMP/retinue/plan.html"
    # Of an artifact: letters and digits, and one for each environment of each project of a workflow.
    name=$(printf 'retinue-plan-%s-%s' "${INPUT_DIRECTORY:-.}" "${INPUT_ENVIRONMENT:-}" | tr -c 'A-Za-z0-9' '-')
    printf 'page=%s\npage_name=%s\n' "$RUNNER_TEMP/retinue/plan.html" "$name" >>"$GITHUB_OUTPUT"
    ;;
  apply)
    approval=()
    if [[ -n ${INPUT_PLAN:-} ]]; then
      plan=$INPUT_PLAN
      tell "$plan"
    elif [[ -n ${INPUT_DIGEST:-} ]]; then
      make_plan
    else
      echo "::error::apply needs an approved plan: the input plan or the input digest"
      exit 3
    fi
    [[ -z ${INPUT_DIGEST:-} ]] || approval=(--expect-digest "$INPUT_DIGEST")
    retinue show "$plan"
    code=0
    retinue apply "$plan" "${scope[@]}" ${approval[@]+"${approval[@]}"} --format json >"$result" || code=$?
    tell_result
    exit "$code"
    ;;
  drift)
    code=0
    retinue drift "${scope[@]}" --format markdown --detailed-exitcode >"$RUNNER_TEMP/retinue/drift.md" || code=$?
    [[ $code == 0 || $code == 2 ]] || exit "$code"
    cat "$RUNNER_TEMP/retinue/drift.md" >>"$GITHUB_STEP_SUMMARY"
    [[ $code == 2 ]] && moved=true || moved=false
    printf 'has_changes=%s\nplan=%s\n' "$moved" "$RUNNER_TEMP/retinue/drift.md" >>"$GITHUB_OUTPUT"
    ;;
  *)
    echo "::error::the input command is none of validate, plan, apply and drift"
    exit 3
    ;;
esac
