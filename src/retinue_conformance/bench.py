"""What every case works with: a connected service, its kind and sample, and comparisons that say what to mend."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import pytest

from retinue.core import differences, marker, marks
from retinue.core.canonical import canonical, canonical_json, same
from retinue.core.errors import RetinueError
from retinue.core.model import MISSING, Address, Desired, Json, Kind, Live, Policy
from retinue.providers.base import Capabilities, Marker, Service, Support

from .subject import Sample, Subject

PROJECT, ENVIRONMENT = "conformance", "suite"


def owner(kind: str, name: str) -> str:
    return str(marker.Owner(PROJECT, ENVIRONMENT, Address(kind, name)))


@dataclass(frozen=True)
class Bench:
    """One service of one subject, empty at the start of a case."""

    subject: Subject
    service: Service
    kind: Kind

    @property
    def answers_whole(self) -> bool:
        """False where a write answers only a part of the object."""
        return not getattr(self.subject, "partial_answers", False)

    @property
    def record(self) -> Capabilities:
        return self.subject.provider.capabilities

    @property
    def sample(self) -> Sample:
        return self.subject.samples[self.kind.name]

    @property
    def clearable(self) -> list[str]:
        return [name for name in self.sample.full if name not in self.sample.minimal]

    def supports(self, name: str) -> bool:
        if name in getattr(self.sample, "lacks", ()):
            return False
        support, _ = self.record.fields.get(self.kind.name, {}).get(name, (Support.UNSUPPORTED, ""))
        return support is not Support.UNSUPPORTED

    def fail(self, message: str) -> NoReturn:
        pytest.fail(f"{self.subject.name}, {self.kind.name}: {message}", pytrace=False)

    # --- doing

    def marker(
        self,
        name: str = "one",
        spec: Mapping[str, Json] | None = None,
        nonce: str = "k8sJ2mQx",
        protected: bool = False,
    ) -> Marker:
        """The two texts as the engine would write them for a manifest with this spec."""
        asked = marks.asked_entries(self.sample.full if spec is None else spec, self.kind)
        return Marker(owner(self.kind.name, name), str(marker.Applied(nonce, protected, None, asked)))

    def desired(self, name: str, spec: Mapping[str, Json], policy: Policy | None = None) -> Desired:
        return Desired(self.kind.name, spec, address=Address(self.kind.name, name), policy=policy or Policy())

    def create(self, name: str = "one", spec: Mapping[str, Json] | None = None) -> Live:
        """By default with every field of the sample."""
        wanted = self.sample.full if spec is None else spec
        sent = differences.stated_fields(wanted, self.kind)
        live = self.service.create(self.kind.name, sent, self.marker(name, wanted))
        if not live.remote_id:
            self.fail(f"`create` answered a resource without `remote_id`: {live}")
        return live

    def update(self, live: Live, spec: Mapping[str, Json], text: Marker | None = None) -> Live:
        """Bring a live object to a spec just as a plan would: only what differs, cleared fields at their default."""
        before = marker.parse_applied(live.marker_applied or "")
        found = differences.compared(self.desired("one", spec), live, self.kind, before, known=True)
        fields = {change.name: change.after for change in found.changes}
        at_default = frozenset(n for n, value in fields.items() if same(value, self.kind.fields[n].shape.default))
        return self.service.update(live, fields, text or self.marker("one", spec), at_default)

    def delete(self, live: Live) -> None:
        self.service.delete(self.kind.name, live.remote_id)

    def got(self, remote_id: str | None) -> Live:
        live = self.service.get(self.kind.name, remote_id or "")
        if live is None:
            self.fail(f"`get` of {remote_id} is None, but the object is there")
        return live

    def listed(self, *expected: str | None) -> list[Live]:
        """The whole list, once it shows the expected ids; waits as long as the record's `list_lag` says, no longer."""
        deadline = time.monotonic() + self.record.list_lag
        while True:
            found = list(self.service.list(self.kind.name))
            missing = set(expected) - {live.remote_id for live in found}
            if not missing:
                return found
            if time.monotonic() >= deadline:
                self.fail(
                    f"`list` does not show {sorted(map(str, missing))} within `list_lag` {self.record.list_lag} s"
                )
            time.sleep(0.02)

    def one_listed(self, remote_id: str | None) -> Live:
        return next(live for live in self.listed(remote_id) if live.remote_id == remote_id)

    def raw(self, remote_id: str | None) -> Mapping[str, Json]:
        """As the service holds it, read past the provider."""
        return self.subject.live(self.kind.name)[remote_id or ""]

    # --- comparing

    def canon(self, spec: Mapping[str, Json]) -> dict[str, Json]:
        return {name: value for name, value in canonical(spec, self.kind).items() if name not in self.kind.hidden}

    def holds(self, spec: Mapping[str, Json], live: Live, when: str) -> None:
        """The canonical form of what was sent equals that of what came back, but for what cannot be read back."""
        want, have = self.canon(spec), self.canon(live.spec)
        chosen = {name for name in getattr(self.sample, "resolved", ()) if name not in want}
        lines = [
            f"    {name}: want {_text(want.get(name, MISSING))}, have {_text(have.get(name, MISSING))}"
            for name in self.kind.fields
            if name not in chosen and not same(want.get(name, MISSING), have.get(name, MISSING))
        ]
        if lines:
            self.fail(
                f"{when}, these fields are not as they should be (canonical form):\n" + "\n".join(lines) + "\n"
                "  Either the mapper to the service loses or keeps too much, or the one back; or the service alters\n"
                "  the value. A field that is never reported belongs in the record's `unreadable`; one that cannot be\n"
                "  held is `Support.UNSUPPORTED` there."
            )

    def marked(self, live: Live, text: Marker, when: str) -> None:
        """Both marker texts are read back just as they were written."""
        have = (live.marker_address, live.marker_applied)
        if have != (text.address, text.applied):
            self.fail(f"{when}, the marker reads {have}, not {(text.address, text.applied)}")
        if marker.ADDRESS_KEY in canonical_json(live.spec) or text.applied in canonical_json(live.spec):
            self.fail(f"{when}, the marker shows up in `spec`; a plan would take it for the author's: {live.spec}")

    def everywhere(self, spec: Mapping[str, Json], answer: Live, text: Marker, when: str) -> Live:
        """The answer of a write (where it is whole), `get` and `list` all say the same."""
        ways = [("get", self.got(answer.remote_id)), ("list", self.one_listed(answer.remote_id))]
        if self.answers_whole:
            ways.insert(0, ("the answer of the write", answer))
        for way, live in ways:
            self.holds(spec, live, f"{when}, by {way}")
            self.marked(live, text, f"{when}, by {way}")
            if (live.kind, live.remote_id) != (self.kind.name, answer.remote_id):
                self.fail(
                    f"{when}, {way} tells of {live.kind} {live.remote_id}, not {self.kind.name} {answer.remote_id}"
                )
        return ways[0][1]

    @contextmanager
    def untouched(self, *remote_ids: str) -> Iterator[None]:
        """Whatever is done inside, these objects stay in the service just as they are."""
        before = {key: canonical_json(self.raw(key)) for key in remote_ids}
        yield
        live = self.subject.live(self.kind.name)
        for key, text in before.items():
            if key not in live:
                self.fail(f"{key} is someone else's and was deleted")
            if canonical_json(live[key]) != text:
                self.fail(
                    f"{key} is someone else's and was changed\n    from {text}\n    to   {canonical_json(live[key])}"
                )

    @contextmanager
    def only_known_errors(self, doing: str) -> Iterator[None]:
        """Whatever happens is an error of `core.errors`: anything else would end a command as a bug of retinue."""
        try:
            yield
        except RetinueError:
            return
        except Exception as error:
            self.fail(
                f"{doing} raised {type(error).__name__}: {error}; only errors of `retinue.core.errors` may leave a"
                " provider"
            )


def only(found: Sequence[Live]) -> Live:
    (one,) = found
    return one


def _text(value: Json) -> str:
    return "nothing" if value is MISSING else canonical_json(value)
