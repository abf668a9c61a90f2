"""`retinue providers check`: what a provider claims of its service against what the service does."""

from __future__ import annotations

import secrets

from ... import __version__
from ...core.errors import UsageError
from ...core.model import Address, Desired, Json, Kind, Severity
from ...engine.probing import PROJECT, Probes
from ...providers.base import Identified, Service
from ...render.matrix import findings_text
from ...schema import EXTRAS
from .. import console, helping, interrupts, options
from ..applying import refuse_frozen
from ..connecting import connect
from ..options import ApplyOptions
from ..session import Session, open_session


@helping.command("providers check", ApplyOptions, "-e dev")
@options.service_options
@options.AUTO_APPROVE
@options.format_option("text", "json")
@options.OUT
def command(options: ApplyOptions) -> int:
    """Hold what the provider claims against its service, with throw-away objects that are removed at the end.

    They are called retinue-check-…, take what every object needs (a model) from a manifest, and belong to no project.
    The result holds no keys and no ids: paste it into an issue. Ends in 1 if a claim does not hold.
    """
    session, name = open_session(options), f"{PROJECT}-{secrets.token_hex(4)}"
    refuse_frozen(session)
    record, where = session.provider.capabilities, session.environment.name
    if not options.auto_approve:
        removed = f"remove it ({record.removal})" if record.removal else "remove it"
        question = f"Make {name} in {where} for a minute, and {removed}?"
        console.confirm(question, "a check writes", "Pass --auto-approve.")
    found, answers, left = list[Json](), dict[str, Json](), list[str]()
    with connect(session, options) as service:
        tells = isinstance(service, Identified) and service.account() is not None
        words = ("told" if tells else "not told", "told" if record.account else "not told")
        found.append({"kind": "", "probe": "account", "fact": words[0], "claim": words[1], "holds": len({*words}) == 1})
        for kind in record.kinds:
            probes = _probes(session.kinds[kind], session, service, name)
            if probes is None:
                continue
            try:
                found += probes.run()
                answers[kind] = probes.answers
            finally:
                with interrupts.held():
                    left += probes.remove()
                    for item in left:
                        console.line(f"left behind: {item}")
    differs = any(item["holds"] is False for item in found)
    document = {"retinue_version": __version__, "provider": session.provider.name, "left_behind": len(left)}
    document |= {"outcome": "differs" if differs else "holds", "findings": found, "answers": answers}
    text = console.json_text(document) if options.output_format == "json" else findings_text(document)
    console.deliver(text, options)
    return int(differs or bool(left))


def _probes(kind: Kind, session: Session, service: Service, name: str) -> Probes | None:
    """None for a kind of which no throw-away object can be made: a file, or one that no manifest shows how to make."""
    provider = session.provider
    extras = provider.capabilities.extras.get(kind.name, {})
    shown = next((item.spec for item in session.desired if item.kind == kind.name), {})
    if kind.by_content or any(name not in shown for name in kind.required):
        if kind.name == next(iter(provider.capabilities.kinds)):
            raise UsageError("no manifest shows how to make an object here", f"Write {kind.one} first: retinue init.")
        return None
    base = {key: shown[key] for key in kind.required}
    least = Desired(kind.name, base, address=Address(kind.name, name))
    if EXTRAS in shown and any(item.severity is Severity.ERROR for item in provider.check(least)):
        base[EXTRAS] = shown[EXTRAS]
    fields = kind.schema["properties"].items()
    samples = {key: sub["x-retinue-probe"] for key, sub in fields if "x-retinue-probe" in sub}
    if "x-retinue-probe" in extras:
        own = base.get(EXTRAS, {}).get(provider.name, {})
        samples[EXTRAS] = [{provider.name: {**own, **item}} for item in extras["x-retinue-probe"]]
    return Probes(service, provider, kind, session.environment.name, name, base, samples, interrupts.held)
