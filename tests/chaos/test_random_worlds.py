"""Random manifests, a random service and random steps of all who meet there; the model says what must hold.

A failure prints a test, `def test_it()` with the steps that lead there: paste it at the end of test_found_worlds.py,
give it a name, run it, keep it. `RETINUE_RANDOM_WORLDS=5000` tries that many worlds, other ones each time, instead of
the few and always same ones of an ordinary run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from retinue.core import differences
from retinue.core.allowed import Allowed
from retinue.providers.base import Marker, Service
from retinue_emulator import assistant_rules
from retinue_emulator.errors import ApiError
from retinue_emulator.faults import Behaviour

from ..core import worlds
from .random_world import OWNERS, RandomWorld

MANY = int(os.environ.get("RETINUE_RANDOM_WORLDS", "0"))
FEW = 400
NAMES = ("a", "b", "c", "d", "e")


def _accepted(spec: dict[str, Any]) -> bool:
    """Whether the service takes it; `validate` refuses the others."""
    try:
        assistant_rules.check(differences.stated_fields(spec, worlds.KIND), assistant_rules.CREATE, Behaviour())
    except ApiError:
        return False
    return True


_names = st.sampled_from(NAMES)
_picks = st.integers(0, 7)
_warmth = st.sampled_from([0, 0.2, 1])
_plain = st.builds(lambda name, warmth: {"model": "gpt-4o", "name": name, "temperature": warmth}, _names, _warmth)
_specs = st.one_of(
    st.builds(
        lambda name, warmth: {"model": "gpt-4o", "name": name, "temperature": warmth},
        _names,
        st.sampled_from([0, 0.2, 1]),
    ),
    st.builds(lambda spec, name: {**spec, "name": name}, worlds.specs, _names),
    worlds.specs,
).filter(_accepted)
_manifests = st.builds(lambda spec: {"spec": spec}, _plain) | st.fixed_dictionaries(
    {"spec": _specs},
    optional={
        "protect": st.booleans(),
        "moved_from": _names,
        "adopt": _picks,
        "ignore": st.sampled_from([["/temperature"], ["/metadata/owner"], ["/instructions", "/name"], ["/metadata"]]),
        "requires": st.lists(_names, max_size=2),
    },
)
_words = st.sampled_from(
    [(), (), ("brake",), ("twin", "renamed"), ("brake", "twin"), ("brake", "twin", "protected", "renamed")]
)
_edits: st.SearchStrategy[tuple[str, Any]] = st.sampled_from(
    [
        ("name", "a"),
        ("name", None),
        ("temperature", 0.7),
        ("temperature", 1.0),
        ("model", "gpt-4o-mini"),
        ("instructions", "by hand"),
        ("tools", [{"type": "code_interpreter"}]),
        ("metadata", {}),
    ]
)
_marks = st.sampled_from(
    [
        (None, None),
        ("demo/dev/Assistant/a", None),
        ("demo/dev/Assistant/b", "damaged"),
        ("demo/dev/Assistant/", None),
        ("demo/prod/Assistant/a", "1 persons0"),
        (None, "1 persons1"),
    ]
)
_person = st.one_of(
    st.builds(lambda pick, edit: ("person_edits", pick, *edit), _picks, _edits),
    st.builds(lambda pick: ("person_copies", pick), _picks),
    st.builds(lambda pick: ("person_deletes", pick), _picks),
    st.builds(lambda pick, mark: ("person_marks", pick, *mark), _picks, _marks),
)
_when = st.integers(1, 4) | st.integers(0, 9)
_AFTER = {"after_commit": True}
_faults = st.sampled_from(
    [
        ("reset", {}),
        ("reset", _AFTER),
        ("status", {"status": 500} | _AFTER),
        ("status", {"status": 502}),
        ("status", {"status": 429, "hint": "seconds", "wait": 3.0}),
        ("status", {"status": 503, "hint": "date", "wait": 2.0}),
        ("status", {"status": 401}),
        ("status", {"status": 404}),
        ("html", _AFTER),
        ("broken", _AFTER),
        ("cut", {}),
        ("repeat", {}),
    ]
)
_disturbances = st.one_of(
    st.builds(lambda what, at: (what, at), st.sampled_from(["before", "after"]), _when),
    st.builds(lambda fault, at: (fault[0], at, fault[1]), _faults, _when),
    st.builds(lambda at, person: ("meddle", at, *person), _when, _person),
)
_edited = st.tuples(st.just("edit"), _names, st.none() | _manifests)
_meanwhile = st.lists(_person | _edited | st.tuples(st.just("apply"), _words), min_size=1, max_size=3)
_services = st.sampled_from(
    [
        {},
        {},
        {},
        {"metadata": "replace"},
        {"lag_seconds": 1.5},
        {"null": "keep"},
        {"empty_resources": "keep", "resources": "absent"},
        {"alterations": {"model": "expand-alias"}},
        {"alterations": {"name": "upper", "temperature": "round"}},
    ]
)
_seeds = st.lists(st.tuples(_names, _specs, st.sampled_from(["", "ours", "ours", *OWNERS]), st.booleans()), max_size=5)


class RandomWorlds(RuleBasedStateMachine):
    """Draws the steps; what they do and what must hold stands in RandomWorld."""

    world: RandomWorld

    @initialize(
        service=_services,
        seeds=_seeds,
        manifests=st.dictionaries(_names, _manifests, max_size=5),
        acts=st.lists(_person, max_size=2),
        applied=st.booleans(),
    )
    def start(self, service: Any, seeds: Any, manifests: Any, acts: Any, applied: bool) -> None:
        """Any world, or one in which all that the manifests ask for is there."""
        self.world = RandomWorld(**service)
        for seed in seeds:
            self.world.seed(*seed)
        for name, manifest in sorted(manifests.items()):
            self.world.edit(name, manifest)
        if applied:
            self.world.settle()
        self.take(acts)

    def take(self, steps: Iterable[tuple[Any, ...]]) -> None:
        for name, *arguments in steps:
            getattr(self.world, name)(*arguments)

    @rule(edits=st.lists(_edited, min_size=1, max_size=3), words=_words, disturbance=st.none() | _disturbances)
    def author(self, edits: Any, words: Any, disturbance: Any) -> None:
        self.take(edits)
        self.world.apply(words, disturbance)

    @rule(names=st.sets(_names), words=_words, critical=st.booleans(), removed=st.sets(_names, max_size=1))
    def clear_out(self, names: Any, words: Any, critical: bool, removed: Any) -> None:
        for name in sorted(names | removed):
            self.world.edit(name, None)
        self.world.edit_project(dict.fromkeys(sorted(removed), False), (), critical)
        self.world.apply(words)

    @rule(
        removed=st.dictionaries(_names, st.booleans(), max_size=2),
        formerly=st.sampled_from([(), (), ("old",)]),
        critical=st.booleans(),
    )
    def edit_project(self, removed: Any, formerly: Any, critical: bool) -> None:
        self.world.edit_project(removed, formerly, critical)

    @rule(act=_person)
    def person(self, act: Any) -> None:
        self.take([act])

    @rule(words=_words)
    def plan(self, words: Any) -> None:
        self.world.plan(words)

    @rule(words=_words, disturbance=st.none() | _disturbances)
    def apply(self, words: Any, disturbance: Any) -> None:
        self.world.apply(words, disturbance)

    @rule(
        edits=st.lists(_edited, max_size=2), words=_words, meanwhile=_meanwhile, disturbance=st.none() | _disturbances
    )
    def review(self, edits: Any, words: Any, meanwhile: Any, disturbance: Any) -> None:
        """A plan is saved, something happens, and the plan is applied."""
        self.take(edits)
        self.world.save_plan(words)
        self.take(meanwhile)
        self.world.apply_saved(disturbance)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.settle()
            finally:
                self.world.close()
                for word in self.world.tally:
                    event(word)


TestRandomWorlds = RandomWorlds.TestCase
TestRandomWorlds.settings = settings(
    max_examples=MANY or FEW,
    stateful_step_count=6,
    derandomize=not MANY,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


# --- the model and the machine can fail, and what they print runs

SPEC = {"model": "gpt-4o", "name": "a"}
OTHER = {"model": "gpt-4o", "name": "other"}


def furnished() -> RandomWorld:
    """Live: 0 ours, 1 a copy of it, 2 somebody's, 3 another environment's, 4 ours and protected, without a manifest."""
    world = RandomWorld()
    world.seed("a", SPEC, "ours")
    world.person_copies(0)
    world.seed("", OTHER)
    world.seed("a", SPEC, "environment")
    world.seed("b", SPEC, "ours", True)
    world.edit("a", {"spec": SPEC})
    return world


def rogue(world: RandomWorld, deed: Callable[[Service], object]) -> list[str]:
    """What the book says of a run that does this."""
    world.wire.begin()
    world.wire.licence = world.licence(world.wire.live(), Allowed())
    deed(world.service(world.wire))
    return [complaint.partition(": ")[2] for complaint in world.wire.book.complaints]


def rename(number: int, name: str = "changed") -> Callable[[Service], object]:
    def deed(service: Service) -> object:
        live = list(service.list("Assistant"))[number]
        marker = Marker(live.marker_address or "", live.marker_applied or "") if live.marker_address else None
        return service.update(live, {"name": name}, marker)

    return deed


def delete(number: int) -> Callable[[Service], object]:
    return lambda service: service.delete("Assistant", list(service.list("Assistant"))[number].remote_id or "")


def create(address: str, nonce: str = "rogue000") -> Callable[[Service], object]:
    return lambda service: service.create("Assistant", SPEC, Marker(address, f"1 {nonce}"))


ROGUES: dict[str, tuple[Callable[[Service], object], list[str]]] = {
    "changes what is ours": (rename(0), []),
    "changes a copy": (rename(1), ["it is a copy"]),
    "deletes a copy": (delete(1), ["it is a copy"]),
    "changes what is somebody's": (rename(2), ["it is not ours"]),
    "deletes what another environment has": (delete(3), ["it is not ours"]),
    "deletes what has a manifest": (delete(0), ["a has a manifest"]),
    "deletes what is protected": (delete(4), ["it is protected, or nobody can read whether it is"]),
    "creates what is there": (create("demo/dev/Assistant/a"), ["asst_791900000000000000000001 is a already"]),
    "creates what nobody wants": (create("demo/dev/Assistant/c"), ["nobody asked for c"]),
    "creates for others": (create("demo/prod/Assistant/a"), ["it bears no marker of this project"]),
}


@pytest.mark.parametrize(("deed", "complaints"), ROGUES.values(), ids=ROGUES.keys())
def test_the_book_complains_of_a_run_that(deed: Callable[[Service], object], complaints: list[str]) -> None:
    with furnished() as world:
        assert rogue(world, deed) == complaints


def test_the_book_complains_of_a_change_that_writes_over_a_persons() -> None:
    with furnished() as world:
        licence = world.licence(world.wire.live(), Allowed())
        world.person_edits(0, "temperature", 0.5)
        world.wire.begin()
        world.wire.licence = licence
        rename(0)(world.service(world.wire))
        (complaint,) = world.wire.book.complaints
        assert complaint.endswith("somebody changed temperature after the plan was made")


def test_the_book_complains_of_too_many_deletes() -> None:
    with RandomWorld() as world:
        for name in "abcde":
            world.seed(name, SPEC, "ours")
        licence = world.licence(world.wire.live(), Allowed())
        first, second, *_ = licence.seen
        world.wire.book.judge_run([first], licence)
        assert world.wire.book.complaints == []
        world.wire.book.judge_run([first, second], licence)
        assert world.wire.book.complaints == ["['a', 'b'] of 5 are gone without the word"]


def test_what_a_failure_prints_is_a_test_that_takes_the_same_steps() -> None:
    with furnished() as world:
        world.edit("c", {"spec": OTHER, "adopt": 2, "ignore": ["/temperature"]})
        world.save_plan(("brake", "protected"))
        world.apply((), ("meddle", 1, "person_edits", 0, "temperature", 0.7))
        world.apply(("protected",), ("reset", 4, {"after_commit": True}))
        world.apply_saved(("after", 3))
        world.wire.book.complaints.append("something is wrong")
        with pytest.raises(AssertionError) as raised:
            world.settle()
    (printed,) = raised.value.__notes__
    assert printed == world.reproducer()
    again = taken_again(printed)
    assert (again.left, again.story) == (world.left, world.story)


def taken_again(printed: str) -> RandomWorld:
    """The world after the steps of a printed test."""
    made = []

    def remembered(**service: Any) -> RandomWorld:
        made.append(RandomWorld(**service))
        return made[0]

    names: dict[str, Any] = {"RandomWorld": remembered}
    exec(printed, names)  # noqa: S102 - it is our own text
    names["test_it"]()
    return made[0]
