"""Prints the number of our own open issue with a title, out of what `gh api --paginate …/issues` says; "" for none.

Anybody may open an issue under that title: only what the workflow's token wrote is ours.
"""

import json
import sys
from typing import Any

OURS = "github-actions[bot]"


def ours(row: dict[str, Any], title: str) -> bool:
    return row["title"] == title and row["user"]["login"] == OURS and "pull_request" not in row


def main(title: str) -> None:
    text, found, start = sys.stdin.read().strip(), [], 0
    while start < len(text):
        # gh prints one array for each page, or, in newer versions, one for all.
        page, start = json.JSONDecoder().raw_decode(text, start)
        found += [row["number"] for row in page if ours(row, title)]
        start += len(text[start:]) - len(text[start:].lstrip())
    print(min(found, default=""))


main(sys.argv[1])
