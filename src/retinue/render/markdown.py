"""A plan, or how an apply ended, as Markdown for a comment or a job summary: pure, and never too long for its place.

Destructive steps come first and are never cut; shortening is reported. No text from outside can be markup in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from ..core.codec import outcome, plan_to_json
from ..core.model import Action, Cause, Change, Diagnostic, Obstacle, Outcome, Plan, Status
from .diagnostics import note_lines, obstacles
from .fields import Layout, changed_fields, created_fields, field_name, shown_fields
from .fit import GAP, LIMIT, Detail, Part, fit, head_lines
from .inert import code, fence, folded, html_code, is_web_address, link, units
from .results import counts, result_lines
from .safe import clean, clean_lines, cut
from .style import Style
from .text import NARROWED, allowed_line, host, named, promotion_line, reason_of, summary_line, symbol

_PLAIN = Style()
_LAYOUT = Layout(100, 51)
_CUT = 2_000
_MESSAGE = 200
_SIGNED = re.compile(r"^ {4}( *\d+ |)([-+])")
_ORDER = (Action.DELETE, Action.REPLACE, Action.UPDATE, Action.CREATE, Action.ADOPT, Action.MOVE, Action.FORGET)


def plan_markdown(plan: Plan, *, link_to: str | None = None, limit: int = LIMIT) -> str:
    """The plan in at most `limit` characters. `link_to`: where the whole of it is, for what had to be shortened."""
    top = [
        f"### retinue: {code(plan.project)} / {code(plan.environment)}",
        f"**{summary_line(plan)}** {code(plan.provider)}, {code(host(plan.endpoint))}",
    ]
    digest = code(plan_to_json(plan, "")["digest"])
    if plan.promotion is not None:
        top.append(promotion_line(plan.promotion, code))
    if not plan.complete:
        top.append("> " + NARROWED.replace("\n", "\n> "))
    if allowed := allowed_line(plan.allowed):
        top.append(code(allowed))
    foot = f"Digest, to approve exactly this with `retinue apply --expect-digest`: {digest}"
    if outcome(plan) == "no-changes":
        foot = f"Digest {digest}"
    elif outcome(plan) == "blocked":
        foot = f"Nothing is applied while a change is blocked. Digest {digest}"
    whole = _where(link_to, "`retinue show PLANFILE` shows it whole.")
    return _document(top, _plan_sections(plan), [foot], whole, limit)


def results_markdown(plan: Plan, outcomes: Sequence[Outcome], *, link_to: str | None = None, limit: int = LIMIT) -> str:
    """How an apply ended, step by step: what was not done first, and never cut."""
    top = [
        f"### retinue: applied to {code(plan.project)} / {code(plan.environment)}",
        f"**{counts(outcomes) if outcomes else summary_line(plan)}**",
    ]
    sections = {
        "Not done": [_result(item) for item in outcomes if item.status is not Status.DONE],
        "Done": [_result(item) for item in outcomes if item.status is Status.DONE],
    }
    return _document(top, sections, [], _where(link_to, "The run as text or JSON says all."), limit)


def _document(
    top: Sequence[str], sections: Mapping[str, Sequence[Part]], foot: Sequence[str], whole: str, limit: int
) -> str:
    """Everything in its place, with the notice of what was shortened right below the head."""
    titles = [f"#### {title}" for title in sections]
    parts = [part for section in sections.values() for part in section]
    longest = _notice(len(parts), parts, whole)
    fixed = [*top, longest, *titles, *foot]
    chosen, shortened = fit(parts, limit - sum(units(text) + len(GAP) for text in fixed), _CUT)
    left_out = [part for text, part in zip(chosen, parts, strict=True) if not text]
    texts = iter(chosen)
    body = []
    for title, section in zip(titles, sections.values(), strict=True):
        shown = [text for text in (next(texts) for _ in section) if text]
        body += [title, *shown] if shown else []
    notice = [_notice(shortened, left_out, whole)] if shortened or left_out else []
    return GAP.join([*top, *notice, *body, *foot]) + "\n"


def _notice(shortened: int, left_out: Sequence[Part], whole: str) -> str:
    """What a reader does not see here, and where it is."""
    notes = [f"{shortened} {'entry is' if shortened == 1 else 'entries are'} shortened"] if shortened else []
    if left_out:
        by_what = Counter(part.counts for part in left_out)
        notes.append("not shown: " + ", ".join(f"{count} {what}" for what, count in by_what.items()))
    return f"**Too long for this place**: {'; '.join(notes)}. {whole}"


def _where(link_to: str | None, otherwise: str) -> str:
    return f"{link('All of it is here', link_to)}." if link_to and is_web_address(link_to) else otherwise


# --- the parts of a plan


def _plan_sections(plan: Plan) -> dict[str, list[Part]]:
    seen: set[Obstacle] = set()
    sections = {"Blocked": [_change(change, plan, seen) for change in plan.changes if change.blocked]}
    for action in (*_ORDER, Action.NO_OP):
        if action is Action.UPDATE:
            sections["Notes"] = _notes(plan.diagnostics)
        chosen = [change for change in plan.changes if change.action is action and not change.blocked]
        sections[action.capitalize()] = [_change(change, plan, seen) for change in chosen]
    return {title: parts for title, parts in sections.items() if parts}


def _change(change: Change, plan: Plan, seen: set[Obstacle]) -> Part:
    line = f"- {_line(change, plan, code)}"
    texts = []
    for word, item in obstacles(change):
        above = item in seen
        remedies = [] if above else [f"  {clean(remedy)}" for remedy in item.remedies]
        texts.append([f"{word}: {clean(item.message)}{' (as above)' if above else ''}", *remedies])
        seen.add(item)
    stuck = [f"{word}: {code(cut(clean(item.message), _MESSAGE))}" for word, item in obstacles(change)]

    @cache
    def drawn() -> list[str]:
        """As the text shows them, with the sign of a changed line in the first column, where a diff has it."""
        draw, kind = created_fields if change.action is Action.CREATE else changed_fields, change.address.kind
        lines = draw(shown_fields(change), plan.kinds.get(kind), _LAYOUT, _PLAIN)
        return [_SIGNED.sub(r"\2 \1", line[4:]) for line in lines]

    def detailed(most: int | None) -> Detail:
        blocks, whole = [line] if texts else [], True
        for text in texts:
            body, all_of_it = head_lines(text, most)
            blocks, whole = [*blocks, fence(body)], whole and all_of_it
        if lines := drawn():
            body, all_of_it = head_lines(lines, most)
            summary = "what changes" if texts else _line(change, plan, html_code)
            blocks, whole = [*blocks, folded(summary, fence(body, "diff"))], whole and all_of_it
        return Detail(GAP.join(blocks), whole)

    return Part(
        " ".join([line, *stuck]),
        f"- {code(f'{symbol(change.action)} {change.address}')}",
        detailed if texts or shown_fields(change) else None,
        needed=change.blocked is not None or change.action.destroys,
        counts=f"to {change.action}" + (" (blocked)" if change.blocked else ""),
    )


def _line(change: Change, plan: Plan, span: Callable[[str], str]) -> str:
    """`~ Assistant/math-tutor` `asst_abc123` temperature, model (drift)."""
    words = [span(f"{symbol(change.action)} {named(change)}")]
    words += [span(change.remote_id)] if change.remote_id else []
    reason = reason_of(change, plan)
    words += [span(reason) if change.moved_from else reason.replace("`", "")] if reason else []
    if change.action is not Action.CREATE:
        names = [field_name(item.path) for item in shown_fields(change)]
        words += [span(cut(", ".join(names), _MESSAGE))] if names else []
    if any(item.cause is not Cause.MANIFEST for item in change.fields):
        words.append("(drift)")
    return " ".join(words)


def _notes(diagnostics: Sequence[Diagnostic]) -> list[Part]:
    """Warnings and notes in one open block."""
    if not diagnostics:
        return []
    lines = "\n".join(note_lines(diagnostics, _PLAIN)).split("\n")
    count = f"{len(diagnostics)} note{'' if len(diagnostics) == 1 else 's'}."

    def detailed(most: int | None) -> Detail:
        text, whole = head_lines(lines, most)
        return Detail(fence(text), whole)

    return [Part(count, detailed=detailed, counts="notes")]


# --- the parts of a result


def _result(item: Outcome) -> Part:
    line = f"- {code(f'{symbol(item.action)} {item.address}')} {item.status.value.replace('-', ' ')}"
    known = f"{line} {code(item.remote_id)}" if item.remote_id else line
    brief = f"{known}: {code(cut(clean_lines(item.error), _MESSAGE))}" if item.error else known

    def detailed(most: int | None) -> Detail:
        text, whole = head_lines("\n".join(result_lines(item, _PLAIN)).split("\n"), most)
        return Detail(GAP.join([known, fence(text)]), whole)

    return Part(
        brief, line, detailed if item.error else None, needed=item.status is not Status.DONE, counts=item.status.value
    )
