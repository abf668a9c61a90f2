"""How the environments of a project stand: as a table, as Markdown, as metrics of Prometheus. Pure; decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from ..core.fleet import State, Status
from .diagnostics import diagnostic_lines
from .inert import code
from .safe import cells, clean, cut, defuse, pad
from .style import REVIEWED, Style
from .text import host

_WORDS = {
    None: "",
    "auth": "no access",
    "gone": "API gone",
    "unreachable": "unreachable",
    "timeout": "no answer",
    "invalid": "invalid",
    "error": "failed",
    "bug": "bug",
}
_COUNTS = ("changes", "drifted", "blocked", "held", "unchanged")


def state_word(row: Status) -> str:
    """`in sync`, `drifted`, or for one that could not be read why."""
    return _WORDS.get(row.why, "") or row.state.value.replace("-", " ")


def _told(row: Status) -> str:
    """`3 changes, 1 drifted, 2 held` or `12 objects`; what stands out of an environment in a few words."""
    if row.why:
        return clean(row.problems[0].message) if row.problems else ""
    parts = [f"{row.changes} change{'' if row.changes == 1 else 's'}"] if row.changes else []
    parts += [f"{count} {name}" for name in ("drifted", "blocked", "held") if (count := getattr(row, name))]
    parts = parts or [f"{row.unchanged} object{'' if row.unchanged == 1 else 's'}"]
    return ", ".join(parts) + (", frozen" if row.freeze else "")


def fleet_summary(rows: Sequence[Status]) -> str:
    """`Environments: 2 in sync, 1 drifted.`"""
    counts = Counter(row.state for row in rows)
    listed = (f"{counts[state]} {state.value.replace('-', ' ')}" for state in reversed(State) if counts[state])
    return f"Environments: {', '.join(listed)}."


def fleet_text(project: str, rows: Sequence[Status], *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """One line for each environment, then what is to be known of those that need someone, then the summary."""
    paint = {State.UNREACHABLE: style.error, State.DRIFTED: style.warning, State.PENDING: style.changed}
    head = ("environment", "state", "service")
    table = [(row.environment, state_word(row), f"{row.provider}, {clean(host(row.endpoint))}") for row in rows]
    first, second, third = (max(cells(line[column]) for line in (head, *table)) + 2 for column in range(3))
    room = width - first - second
    third = min(third, room * 3 // 5)

    def line(told: str, name: str, state: str, service: str, color: Callable[[str], str] = str) -> str:
        shown = cut(service, third - 2)
        start = f"{name}{pad(name, first)}{color(state)}{pad(state, second)}{shown}{pad(shown, third)}"
        return f"{start}{cut(told, room - third)}".rstrip()

    lines = [style.muted(line("to do", *head))]
    for row, found in zip(rows, table, strict=True):
        lines.append(line("" if row.why else _told(row), *found, paint.get(row.state, str)))
    blocks = [style.strong(clean(project)), "\n".join(lines)]
    for row in rows:
        notes = [f"  {line}" for item in row.problems for line in diagnostic_lines(item, style)]
        if row.freeze:
            notes.append(f"  frozen until {row.freeze.until}: {clean(row.freeze.because)}")
        if notes:
            blocks.append("\n".join([style.strong(clean(row.environment)), *notes]))
    blocks.append(style.strong(fleet_summary(rows)))
    return defuse("\n\n".join(blocks)) + "\n"


def fleet_markdown(project: str, rows: Sequence[Status]) -> str:
    """The table for a job summary or an issue; no field of an assistant is in it."""

    def cell(text: str) -> str:
        return clean(text).replace("|", "\\|")

    lines = [f"### Environments of {code(project)}", "", f"**{fleet_summary(rows)}**", ""]
    lines += ["| environment | state | service | to do |", "| --- | --- | --- | --- |"]
    for row in rows:
        told = code(cell(_told(row))) if row.why else _told(row)
        service = code(cell(f"{row.provider}, {host(row.endpoint)}"))
        lines.append(f"| {code(row.environment)} | {state_word(row)} | {service} | {told} |")
    for row in rows:
        notes = [item.message for item in row.problems if not row.why]
        notes += [f"frozen until {row.freeze.until}: {row.freeze.because}"] if row.freeze else []
        lines += [f"\n{code(row.environment)}: {code(clean(note))}" for note in notes]
    return defuse("\n".join(lines)) + "\n"


def metrics(project: str, rows: Sequence[Status], now: float) -> str:
    """The text format of Prometheus, for a textfile collector. `now`: seconds since 1970."""
    return "\n".join(_metric_lines(project, rows, now)) + "\n"


def _metric_lines(project: str, rows: Sequence[Status], now: float) -> Iterator[str]:
    # Names of projects and environments are lower case, digits and hyphens: no label value has to be escaped.
    labels = {row.environment: f'project="{project}",environment="{row.environment}"' for row in rows}
    yield "# HELP retinue_environment_state 1 for the state that the environment is in, 0 for the others."
    yield "# TYPE retinue_environment_state gauge"
    for row in rows:
        for state in State:
            label = f'{labels[row.environment]},state="{state.value}"'
            yield f"retinue_environment_state{{{label}}} {int(row.state is state)}"
    yield "# HELP retinue_objects Objects by what there is to do about them; drifted and blocked ones are changes, too."
    yield "# TYPE retinue_objects gauge"
    for row in rows:
        # What could not be read has no numbers, which is not the same as 0.
        for name in () if row.why else _COUNTS:
            yield f'retinue_objects{{{labels[row.environment]},what="{name}"}} {getattr(row, name)}'
    yield "# HELP retinue_environment_frozen 1 while `freeze` stops every write."
    yield "# TYPE retinue_environment_frozen gauge"
    for row in rows:
        yield f"retinue_environment_frozen{{{labels[row.environment]}}} {int(row.freeze is not None)}"
    yield "# HELP retinue_last_run_timestamp_seconds When this file was written."
    yield "# TYPE retinue_last_run_timestamp_seconds gauge"
    yield f'retinue_last_run_timestamp_seconds{{project="{project}"}} {int(now)}'
