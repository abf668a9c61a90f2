"""Prints what a workflow needs of a saved plan, as lines for $GITHUB_OUTPUT. No value can hold a line break."""

import json
import re
import sys
from pathlib import Path


def main(path: str) -> None:
    plan = json.loads(Path(path).read_text(encoding="utf-8"))
    if "\n" in path or not re.fullmatch("sha256:[0-9a-f]{64}", plan["digest"]):
        sys.exit("this is no plan that can be handed on")
    counts = {action: int(count) for action, count in plan["summary"].items() if re.fullmatch("[a-z-]+", action)}
    deletes = counts["delete"] + counts["replace"] > 0
    print(f"has_changes={str(plan['outcome'] != 'no-changes').lower()}")
    print(f"has_deletes={str(deletes).lower()}")
    print(f"counts={json.dumps(counts, separators=(',', ':'), sort_keys=True)}")
    print(f"digest={plan['digest']}")
    print(f"plan={path}")


main(sys.argv[1])
