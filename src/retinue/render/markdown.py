"""Plans, drift and how an apply ended, as Markdown for a comment or a job summary: pure, never too long for its place.

Destructive steps come first and are never cut; shortening is reported. No text from outside can be markup in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from ..core.codec import outcome, plan_to_json
from ..core.drift import Drift
from ..core.model import WRITTEN, Action, Diagnostic, Obstacle, Outcome, Plan, Status
from .diagnostics import note_lines
from .entries import SIGNS, Entry, in_sections, of_drift, of_plan
from .fields import Layout, row_lines
from .fit import GAP, LIMIT, Detail, Part, fit, head_lines, whole_lines
from .inert import code, fence, folded, html_code, is_web_address, link, units
from .results import result_lines
from .safe import clean, clean_lines, cut
from .side_by_side import drift_notes, drift_summary
from .style import Style
from .text import NARROWED, allowed_line, header, host, promotion_line, summary_line

_PLAIN = Style()
_WIDTH, _REMARKS = 100, 51
_CUT = 2_000
_SHORT = 20
"""Lines of a change that stands open; a longer one opens on a click."""
_FEWER = (12, 4, 2, 1)
"""Lines for each side of a change where not all fit; the largest that fits is used."""
_SHORTENED = "  … shortened; the top of this text says where the full text is"
_MESSAGE = 200


def plan_markdown(plan: Plan, *, link_to: str | None = None, page: str | None = None, limit: int = LIMIT) -> str:
    """The plan in at most `limit` characters.

    `link_to`: where the whole of it is, for what had to be shortened; `page`: where that is to be linked in any case.
    """
    names = f"{code(plan.project)} / {code(plan.environment)}"
    what = f"**{summary_line(plan)}** {code(plan.provider)}, {code(host(plan.endpoint))}"
    top = [f"### retinue: {names}", what]
    digest = code(plan_to_json(plan, "")["digest"])
    if plan.promotion is not None:
        top.append(promotion_line(plan.promotion, code))
    if not plan.complete:
        top.append("> " + NARROWED.replace("\n", "\n> "))
    if allowed := allowed_line(plan):
        top.append(code(allowed))
    foot = f"Digest, to approve exactly this with `retinue apply --expect-digest`: {digest}"
    if outcome(plan) == "no-changes":
        # One line, for a comment that is there for its digest alone.
        top[:2], foot = [f"retinue: {names}: {what}. Digest {digest}"], ""
    elif outcome(plan) == "blocked":
        foot = f"Nothing is applied while a change is blocked. Digest {digest}"
    if page and foot and is_web_address(page):
        foot += f" · {link('The whole plan, side by side', page)}"
    whole = _where(page or link_to, "`retinue show PLANFILE` shows all of it.")
    return document(top, _plan_sections(plan), [foot] if foot else [], whole, limit)


def drift_markdown(drift: Drift, *, link_to: str | None = None, limit: int = LIMIT) -> str:
    """Outside changes, for a comment or an issue."""
    top = [f"### Drift: {code(header(drift.plan))}", f"**{drift_summary(drift)}**"]
    if not drift.items:
        top = [f"retinue: {code(header(drift.plan))}: **{drift_summary(drift)}**"]
    top += drift_notes(drift)
    if drift.items:
        top.append("What is live differs from what was applied, as manifest → live:")
    whole = _where(link_to, "`retinue drift` shows all of it.")
    told: set[Obstacle] = set()
    sections = {"": [_part(entry, told) for entry in of_drift(drift)]}
    return document(top, sections, [], whole, limit)


def results_markdown(
    scope: tuple[str, str],
    headline: str,
    outcomes: Sequence[Outcome],
    notes: Sequence[Diagnostic] = (),
    *,
    link_to: str | None = None,
    limit: int = LIMIT,
) -> str:
    """How an apply ended, step by step: what was not done first, and never cut. `scope`: project and environment."""
    top = [f"### retinue: applied to {code(scope[0])} / {code(scope[1])}", f"**{headline}**"]
    sections = {
        "Not done": [_result(item) for item in outcomes if item.status is not Status.DONE],
        "Done": [_result(item) for item in outcomes if item.status is Status.DONE],
        "Notes": _notes(notes),
    }
    foot = [f"{link('This run', link_to)}"] if link_to and is_web_address(link_to) else []
    return document(top, sections, foot, _where(link_to, "The run as text or JSON has everything."), limit)


def document(
    top: Sequence[str], sections: Mapping[str, Sequence[Part]], foot: Sequence[str], whole: str, limit: int
) -> str:
    """Everything in its place, with the notice of what was shortened right below the head."""
    titles = [f"#### {title}" if title else "" for title in sections]
    parts = [part for section in sections.values() for part in section]
    longest = _notice(len(parts), parts, whole)
    fixed = [*top, longest, *titles, *foot]
    chosen, shortened = fit(parts, limit - sum(units(text) + len(GAP) for text in fixed), _CUT)
    left_out = [part for text, part in zip(chosen, parts, strict=True) if not text]
    texts = iter(chosen)
    body = list[str]()
    for title, section in zip(titles, sections.values(), strict=True):
        shown = [text for text in (next(texts) for _ in section) if text]
        body += filter(None, (title, *shown) if shown else ())
    notice = [_notice(shortened, left_out, whole)] if shortened or left_out else []
    return GAP.join([*top, *notice, *body, *foot]) + "\n"


def _notice(shortened: int, left_out: Sequence[Part], whole: str) -> str:
    """A notice of what was left out here, and where it is."""
    notes = [f"{shortened} {'entry is' if shortened == 1 else 'entries are'} shortened"] if shortened else []
    if left_out:
        by_what = Counter(part.counts for part in left_out)
        notes.append("not shown: " + ", ".join(f"{count} {what}" for what, count in by_what.items()))
    return f"**Too long for this place**: {'; '.join(notes)}. {whole}"


def _where(link_to: str | None, otherwise: str) -> str:
    return f"{link('All of it is here', link_to)}." if link_to and is_web_address(link_to) else otherwise


# --- the parts of a report


def _plan_sections(plan: Plan) -> dict[str, list[Part]]:
    told, sections = set[Obstacle](), dict[str, list[Part]]()
    for title, entries in in_sections(of_plan(plan)).items():
        if title == Action.UPDATE.capitalize():
            sections["Notes"] = _notes(plan.diagnostics)
        sections[title] = [_part(entry, told) for entry in entries]
    return {title: parts for title, parts in sections.items() if parts}


def _part(entry: Entry, told: set[Obstacle]) -> Part:
    line = f"- {' '.join(_words(entry, markdown=True))}"
    texts, stuck = [], []
    for word, item in entry.stuck:
        above = item in told
        head = f"{word}: " if word else ""
        remedies = [] if above else [f"  {clean(remedy)}" for remedy in item.remedies]
        texts.append([f"{head}{clean(item.message)}{' (as above)' if above else ''}", *remedies])
        stuck.append(head + code(cut(clean(item.message), _MESSAGE)))
        told.add(item)

    @cache
    def drawn(most: int | None) -> list[str]:
        return list(row_lines(entry.rows(_WIDTH), Layout(_WIDTH, _REMARKS, most), None))

    def detailed(most: int | None) -> Detail:
        blocks, whole = [line] if texts else [], True
        for text in texts:
            body, all_of_it = head_lines(text, most)
            blocks, whole = [*blocks, fence(body)], whole and all_of_it
        if drawn(None):
            lines, all_of_it = _shortened(drawn, most)
            summary = "what changes" if texts else " ".join(_words(entry, markdown=False))
            body = fence("\n".join(lines), "diff")
            blocks.append(folded(summary, body, is_open=all_of_it and len(lines) <= _SHORT))
            whole = whole and all_of_it
        return Detail(GAP.join(blocks), whole)

    return Part(
        " ".join([line, *stuck]),
        f"- {code(f'{entry.sign} {entry.name}')}",
        detailed if texts or entry.fields else None,
        needed=entry.needed,
        counts=entry.counts,
    )


def _shortened(drawn: Callable[[int | None], list[str]], most: int | None) -> tuple[list[str], bool]:
    """As much as `most` characters hold, of both sides of each change, and whether that is all."""
    for fewer in (None, *_FEWER):
        lines = drawn(fewer)
        if most is None or sum(units(line) + 1 for line in lines) <= most:
            return lines if fewer is None else [*lines, _SHORTENED], fewer is None
    both = next((number for number, line in enumerate(lines, 1) if line.startswith("+")), 0)
    return [*lines[: max(both, len(whole_lines(lines, most or 0)))], _SHORTENED], False


def _words(entry: Entry, *, markdown: bool) -> Iterator[str]:
    """`~ Assistant/math-tutor` `asst_abc123` temperature, model (drift)."""
    span = code if markdown else html_code
    yield span(f"{entry.sign} {entry.name}")
    names = span(cut(", ".join(entry.fields), _MESSAGE)) if entry.fields and entry.sign != "+" else ""
    reason = span(entry.origin) if entry.origin else entry.reason.replace("`", "")
    yield from filter(None, (span(entry.remote_id) if entry.remote_id else "", reason, names))
    if entry.drifted:
        yield "(drift)"
    if entry.place:
        yield span(entry.place)


def _notes(diagnostics: Sequence[Diagnostic]) -> list[Part]:
    """Warnings and notes in one open block."""
    told = sum(item.code != WRITTEN for item in diagnostics)
    if not told:
        return []
    lines = "\n".join(note_lines(diagnostics, _PLAIN)).split("\n")
    count = f"{told} note{'' if told == 1 else 's'}."

    def detailed(most: int | None) -> Detail:
        text, whole = head_lines(lines, most)
        return Detail(fence(text), whole)

    return [Part(count, detailed=detailed, counts="notes")]


# --- the parts of a result


def _result(item: Outcome) -> Part:
    line = f"- {code(f'{SIGNS[item.action]} {item.address}')} {item.status.value.replace('-', ' ')}"
    known = f"{line} {code(item.remote_id)}" if item.remote_id else line
    brief = f"{known}: {code(cut(clean_lines(item.error), _MESSAGE))}" if item.error else known

    def detailed(most: int | None) -> Detail:
        text, whole = head_lines("\n".join(result_lines(item, _PLAIN)).split("\n"), most)
        return Detail(GAP.join([known, fence(text)]), whole)

    return Part(
        brief, line, detailed if item.error else None, needed=item.status is not Status.DONE, counts=item.status.value
    )
