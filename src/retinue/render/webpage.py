"""Plans, drift and comparisons as one page of HTML that needs nothing else: no script, no request, light and dark.

No text from outside can be markup in it, nor a command to a CI runner; the page forbids itself whatever is not its own.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from ..core.codec import plan_digest, plan_to_json
from ..core.compare import Comparison
from ..core.drift import Drift
from ..core.model import Diagnostic, Obstacle, Plan
from .diagnostics import note_lines
from .entries import Entry, in_sections, of_comparison, of_drift, of_plan
from .fields import Row
from .safe import clean, clean_lines
from .side_by_side import comparison_head, comparison_summary, drift_notes, drift_summary
from .style import Style
from .text import NARROWED, allowed_line, header, promotion_line, summary_line
from .textdiff import Form, Line, Stretch, TextDiff

_WIDTH = 10_000
"""Columns for brief values, which wrap here."""
_SHORT = 40
"""Lines of a text that stands open; a longer change opens on a click."""
_CSS = """
:root{color-scheme:light dark;--fg:#1f2328;--bg:#fff;--soft:#59636e;--line:#d1d9e0;--pane:#f6f8fa;
--del:#ffebe9;--delw:#ffb3ad;--ins:#dafbe1;--insw:#8ee6a0}
@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--soft:#9198a1;--line:#3d444d;--pane:#151b23;
--del:#3c1618;--delw:#8f2b2b;--ins:#12321d;--insw:#1f6f37}}
*{box-sizing:border-box;overflow-wrap:anywhere}
body{margin:auto;max-width:100rem;padding:1rem;color:var(--fg);background:var(--bg);font:15px/1.5 system-ui,sans-serif}
code,pre,.r,.row{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
pre{white-space:pre-wrap;overflow:clip;margin:.4rem 0;padding:.5rem;background:var(--pane);border-radius:6px}
h1{font-size:1.3rem;margin:0}h2{font-size:1.05rem;margin:1.4rem 0 .4rem}
.soft,summary .id,.row em,i{color:var(--soft);font-style:normal}
.entry{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;overflow:clip}
.entry>summary,.entry>p{padding:.4rem .7rem;margin:0;background:var(--pane)}
summary{cursor:pointer}
.row{padding:.25rem .7rem}.row b{display:inline-block;min-width:11rem;margin-right:1rem}.row em{margin-left:1rem}
.stuck{margin:.4rem .7rem;border-left:4px solid var(--delw)}
.diff{border-block:1px solid var(--line);margin:.2rem 0 .5rem}
.r{display:grid;grid-template-columns:4.5em minmax(0,1fr) 4.5em minmax(0,1fr);overflow:clip}
.r>*{white-space:pre-wrap;padding:0 .5em;min-height:1.5em;unicode-bidi:isolate}
.r>i{text-align:right;user-select:none}
.r>.d{background:var(--del)}.r>.a{background:var(--ins)}
del,ins{text-decoration:none;border-radius:3px}del{background:var(--delw)}ins{background:var(--insw)}
.h{font-weight:bold}
.fold>summary,.note{color:var(--soft);background:var(--pane);padding:.1rem .7rem;margin:0;font-size:13px}
@media(max-width:50rem){.r{grid-template-columns:4.5em minmax(0,1fr)}.same>:nth-child(n+3),.r>.none{display:none}}
"""


def plan_html(plan: Plan) -> str:
    """The whole of a plan."""
    top = [summary_line(plan), promotion_line(plan.promotion) if plan.promotion else ""]
    top += ["" if plan.complete else NARROWED, allowed_line(plan)]
    sections = in_sections(of_plan(plan))
    return _page(header(plan), top, sections, plan.diagnostics, f"Digest {plan_digest(plan_to_json(plan, ''))}")


def drift_html(drift: Drift) -> str:
    """The whole of a report on drift."""
    about = ["What is live differs from what was applied, as manifest → live:"] if drift.items else []
    top = [drift_summary(drift), *drift_notes(drift), *about]
    return _page(f"Drift: {header(drift.plan)}", top, {"": of_drift(drift)}, drift.diagnostics)


def comparison_html(found: Comparison) -> str:
    """The whole of what differs between two environments."""
    return _page(comparison_head(found), [comparison_summary(found)], {"": of_comparison(found)})


def _page(
    title: str,
    top: Sequence[str],
    sections: dict[str, list[Entry]],
    diagnostics: Sequence[Diagnostic] = (),
    foot: str = "",
) -> str:
    style = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    told: set[Obstacle] = set()
    body = [f"<h1>{_safe(title)}</h1>", *(f"<p>{_safe(text)}</p>" for text in top if text)]
    if notes := "\n".join(note_lines(diagnostics, Style())):
        body += ["<h2>Notes</h2>", f"<pre>{_safe_lines(notes)}</pre>"]
    for name, entries in sections.items():
        body += [f"<h2>{_safe(name)}</h2>"] if name and entries else []
        body += ["".join(_entry(entry, told)) for entry in entries]
    body += [f'<p class="soft">{_safe(foot)}</p>'] if foot else []
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
    ) + "\n".join([*body, "</body>", "</html>", ""])


def _safe(text: str) -> str:
    """Text for between tags: nothing hidden, no markup, and no line that commands a CI runner."""
    return html.escape(clean(text), quote=False).replace("::", "&#58;:").replace("##", "&#35;#")


def _safe_lines(text: str) -> str:
    return "\n".join(map(_safe, clean_lines(text).split("\n")))


def _entry(entry: Entry, told: set[Obstacle]) -> Iterator[str]:
    rows = entry.rows(_WIDTH)
    size = sum(len(s.removed) + len(s.added) for row in rows if row.diff for s in row.diff.stretches if _changes(s))
    about = ", ".join(filter(None, (entry.reason or entry.origin, entry.place)))
    head = f"<code>{_safe(entry.sign)} <strong>{_safe(entry.name)}</strong></code>"
    head += f' <code class="id">{_safe(entry.remote_id)}</code> <span class="soft">{_safe(about)}</span>'
    if rows:
        yield f'<details class="entry"{" open" if size + len(rows) <= _SHORT else ""}><summary>{head}</summary>'
    else:
        yield f'<div class="entry"><p>{head}</p>'
    for word, item in entry.stuck:
        text = f"{word}: {item.message}" if word else item.message
        text += " (as above)" if item in told and item.remedies else ""
        remedies = "" if item in told else "".join(f"\n  {clean(remedy)}" for remedy in item.remedies)
        yield f'<pre class="stuck">{_safe(text)}{_safe_lines(remedies)}</pre>'
        told.add(item)
    for row in rows:
        yield from _row(row)
    yield "</details>" if rows else "</div>"


def _row(row: Row) -> Iterator[str]:
    before = f"<del>{_safe(row.before)}</del>" if row.before is not None else ""
    after = f"<ins>{_safe(row.after)}</ins>" if row.after is not None else ""
    value = _safe(row.note) or " → ".join(filter(None, (before, after)))
    sign = "" if row.note or (before and after) or not (before or after) else "- " if before else "+ "
    yield f'<div class="row"><b>{_safe(row.label)}</b>{sign}{value}<em>{_safe(row.remark)}</em></div>'
    if row.whole:
        yield f'<details class="fold"><summary>the whole text</summary><pre>{_safe_lines(row.whole)}</pre></details>'
    if row.diff:
        yield f'<div class="diff">{"".join(_diff(row.diff))}</div>'


def _changes(stretch: Stretch) -> bool:
    return stretch.form in (Form.CHANGED, Form.REWRAPPED)


def _diff(diff: TextDiff) -> Iterator[str]:
    for stretch in diff.stretches:
        form, before_at, removed, after_at, added = stretch
        if _changes(stretch):
            if form is Form.REWRAPPED:
                yield '<p class="note">re-wrapped: only line breaks differ</p>'
            for number, (old, new) in enumerate(zip_longest(removed, added)):
                sides = _side(old, before_at + number, "d", "-"), _side(new, after_at + number, "a", "+")
                yield f'<div class="r">{"".join(sides)}</div>'
            continue
        count = len(added)
        if form is Form.FOLDED:
            yield f'<details class="fold"><summary>{count} unchanged line{"" if count == 1 else "s"}</summary>'
        for number, line in enumerate(added):
            sides = _side(line, before_at + number, "", ""), _side(line, after_at + number, "", "")
            yield f'<div class="r same{" h" if form is Form.HEADING else ""}">{"".join(sides)}</div>'
        if form is Form.FOLDED:
            yield "</details>"


def _side(line: Line | None, number: int, name: str, sign: str) -> str:
    """The number and the text of one side of a row."""
    if line is None:
        return '<i class="none"></i><span class="none"></span>'
    tag = "del" if name == "d" else "ins"
    text = "".join(f"<{tag}>{_safe(piece.text)}</{tag}>" if piece.marked else _safe(piece.text) for piece in line)
    return f'<i class="{name}">{number} {sign}</i><span class="{name}">{text}</span>'
