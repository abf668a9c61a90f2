"""Random manifests, random edits outside: after `import --update` the plan is empty, or the patch is there and nothing
of that value was written; comments stay, and no file changes in anything else."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from retinue.cli.options import PlanOptions
from retinue.cli.planning import plan_for
from retinue.cli.session import Session, open_session
from retinue.cli.updates import report, update
from retinue.core.errors import InvalidManifests
from retinue.core.model import Cause, Live, Reason
from retinue.core.observation import Observation
from retinue.load.emit import to_yaml
from retinue.load.rewriting import Rewriting

from ..core.worlds import as_answered, managed, specs

PROJECT = """\
version: 1
project: demo
manifests: [assistants]
defaults:
  assistant: {defaults}
environments:
  dev: {{provider: openai-assistants, endpoint: emulator, overlay: overlays, variables: {{v: gpt-4o}}}}
  prod: {{provider: openai-assistants, endpoint: emulator, variables: {{v: gpt-4o-mini}}}}
"""
TEXTS = st.sampled_from(
    (
        *(
            "one",
            "a: b # c",
            "${x} and $${y}",
            "yes",
            "1e3",
            'it\'s "so"',
            "One.\nTwo.",
            "\n lead",
            "tail  \n\n",
            "ü 😀",
        ),
        *("- x", "{file: x}", "a\tb", "#", "x" * 150, "null", "|", "a\r\nb", "\u2028", "line\n  deeper\n\nend\n"),
    )
)
NAMES = st.sampled_from(
    [
        *("model", "temperature", "metadata", "tools", "instructions", "description", "name"),
        *("tool_resources", "response_format"),
    ]
)
EDITS = st.dictionaries(st.sampled_from(["name", "description", "instructions"]), TEXTS | st.none(), max_size=3)


PAIRS = st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2)


def _edited(spec: dict[str, Any], texts: dict[str, Any], pairs: dict[str, str] | None) -> dict[str, Any]:
    """Whatever somebody may leave in a dashboard."""
    return {**spec, **texts, **({"metadata": pairs} if pairs else {})}


def scalar(draw: Any, text: str, indent: str) -> str:
    """A text in one of the ways that YAML has for it, with what stands behind the colon."""
    style = draw(st.sampled_from(["plain", "double", "single", "block"]))
    if style == "block" and "\n" in text and not text[0].isspace() and "\r" not in text:
        chomp = {0: "-", 1: ""}.get(len(text) - len(text.rstrip("\n")), "+")
        lines = "".join(f"{indent}{line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))
        more = "\n" * (len(text) - len(text.rstrip("\n")) - 1)
        return f" |{chomp}\n{lines}{more}".removesuffix("\n")
    if style == "single" and text.isprintable():
        return " '" + text.replace("'", "''") + "'"
    if style == "double" or "\n" in text:
        return " " + json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028")
    return to_yaml({"k": text}, 2**31).removeprefix("k:").removesuffix("\n")


def manifest(draw: Any, spec: Mapping[str, Any]) -> str:
    """A manifest's fields in a layout as some author might write it, comments included."""
    lines = []
    for key, value in spec.items():
        if draw(st.booleans()) and draw(st.booleans()):
            lines.append(f"# about {key}")
        if isinstance(value, str):
            shown = scalar(draw, value.replace("${", "$${"), "  ")
        elif draw(st.booleans()):
            shown = " " + json.dumps(value, ensure_ascii=False).replace("${", "$${")
        else:
            shown = to_yaml({key: value}).removeprefix(f"{key}:").removesuffix("\n").replace("${", "$${")
        lines.append(f"{key}:{shown}" + draw(st.sampled_from(["", "", "   # said"])) * ("\n" not in shown))
        lines.extend([""] * draw(st.integers(0, 1)))
    end: str = draw(st.sampled_from(["\n", "", "\n\n"]))
    return "\n".join(lines) + end


@st.composite
def projects(draw: Any) -> dict[str, bytes]:
    """The files of a project with three assistants, one of them in Markdown, in layers and with shared files."""
    files: dict[str, str] = {"overlays/none.yaml": "# empty\n---\nassistant: c\n"}
    defaults = draw(
        st.sampled_from(["{}", "{top_p: 0.5}", "{metadata: {owner: x}}", "{temperature: 0.7, description: d}"])
    )
    files["retinue.yaml"] = PROJECT.format(defaults=defaults)
    files["prompts/shared.md"] = draw(st.sampled_from(["Be kind.\n", "Be kind.", "---\nx\n\n\n", "a ${b}\n"]))
    files["tools/f.yaml"] = "# a tool\ntype: function\nfunction: {name: f, description: Old}  # in brackets\n"
    for name in ("a", "b"):
        spec = {key: value for key, value in draw(specs).items() if value is not None} | {
            key: value for key, value in draw(EDITS).items() if value is not None
        }
        text = f"assistant: {name}\n" + manifest(draw, spec)
        text = draw(st.sampled_from([text, text.replace("model: gpt-4o\n", "model: ${var.v}\n")]))
        if "instructions" not in spec and draw(st.booleans()):
            text = text.rstrip("\n") + "\ninstructions: {file: ../prompts/shared.md}\n"
        if "tools" not in spec and draw(st.booleans()):
            text = text.rstrip("\n") + "\ntools:\n  - file: ../tools/f.yaml\n"
        files[f"assistants/{name}.yaml"] = text
    body = draw(st.sampled_from(["", "Be kind.\n", "\nBe kind.\n\n---\nAlways.", "$${x}\n"]))
    files["assistants/c.md"] = f"---\nassistant: c\nmodel: gpt-4o  # cheap\n---\n{body}"
    if draw(st.booleans()):
        files["overlays/a.yaml"] = "assistant: a\ntemperature: 0.3  # in dev\nmetadata: {tier: '1'}\n"
    breaks = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return {name: text.replace("\r\n", "\n").replace("\n", breaks).encode() for name, text in files.items()}


def options(root: Path) -> PlanOptions:
    return PlanOptions(directory=str(root), environment="dev")


def opened(root: Path, files: Mapping[str, bytes]) -> Session:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return open_session(options(root))


NO_SERVICE: Any = None
"""None that knows names or versions."""


def applied(session: Session, edits: Mapping[str, Mapping[str, Any]]) -> list[Live]:
    """What stands in the service after an apply, and after somebody edited it there."""
    live = []
    for wanted in session.desired:
        edited = {**wanted.spec, **edits.get(wanted.address.name, {})}
        live.append(managed(wanted, spec=as_answered(edited)))
    return live


def left(session: Session, live: list[Live]) -> set[tuple[Any, str]]:
    plan = plan_for(session, NO_SERVICE, Observation(session.target, live), PlanOptions())
    moved = (change for change in plan.changes if change.reason is not Reason.ACCEPTED)
    return {(change.address, item.path) for change in moved for item in change.fields}


def comments(files: Mapping[str, bytes]) -> list[str]:
    texts = (data.decode() for name, data in files.items() if not name.startswith("prompts/"))
    return sorted(line.strip() for text in texts for line in text.splitlines() if line.startswith("# about"))


@settings(max_examples=100, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    projects(),
    st.fixed_dictionaries({name: st.builds(_edited, specs, EDITS, st.none() | PAIRS) for name in "abc"}),
    st.sets(st.sampled_from("abc"), min_size=1),
    st.sets(NAMES, min_size=1, max_size=3),
)
def test_the_plan_is_empty_or_the_patch_is_there(
    files: dict[str, bytes], edits: dict[str, Any], some: set[str], narrow: set[str]
) -> None:
    edits = {name: {key: value for key, value in edits[name].items() if key in narrow} for name in some}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            session = opened(root, files)
        except InvalidManifests:
            reject()
        live = applied(session, edits)
        moved = {
            (change.address, item.path)
            for change in plan_for(session, NO_SERVICE, Observation(session.target, live), PlanOptions()).changes
            for item in change.fields
            if item.cause is not Cause.MANIFEST
        }
        seen = Observation(session.target, live)
        found: Rewriting = update(session, NO_SERVICE, seen, options(root))
        written = {(one.resource.address, f"/{one.field.name}") for one in found.written}
        stays = {(one.wanted.resource.address, f"/{one.wanted.field.name}") for one in found.refused}
        assert (written | stays, written & stays) == (moved, set())
        after = opened(root, {**files, **found.files})
        assert left(after, live) == left(session, live) - written
        assert bool(found.files) == bool(written)
        assert comments({**files, **found.files}) == comments(files)
        for one in found.refused:
            assert one.why
        assert all(str(address) in report(found) for address, _ in stays)
