"""Runs every case for every kind of every subject. What a conftest.py imports; its own subjects go into `SUBJECTS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import metadata

import pytest

from retinue.providers.base import kinds_at

from .bench import Bench
from .subject import Subject

GROUP = "retinue.conformance"
SUBJECTS: list[Subject] = []


def subjects() -> list[Subject]:
    """An entry point names a Subject, or a function without arguments that makes one."""
    found = [*SUBJECTS]
    for entry in sorted(metadata.entry_points(group=GROUP)):
        value = entry.load()
        found.append(value() if callable(value) else value)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bench" in metafunc.fixturenames:
        cases = [
            pytest.param((subject, kind), id=f"{subject.name}-{kind}")
            for subject in subjects()
            for kind in subject.samples
        ]
        metafunc.parametrize("bench", cases, indirect=True)


@pytest.fixture(scope="session")
def opened() -> Iterator[Callable[[Subject], Subject]]:
    """Enters each subject when it is first needed, and leaves all at the end of the run."""
    with ExitStack() as stack:
        entered: dict[str, Subject] = {}

        def enter(subject: Subject) -> Subject:
            if subject.name not in entered:
                stack.enter_context(subject)
                entered[subject.name] = subject
            return entered[subject.name]

        yield enter


@pytest.fixture
def bench(request: pytest.FixtureRequest, opened: Callable[[Subject], Subject]) -> Iterator[Bench]:
    subject, kind = request.param
    case = request.function.__name__
    if case in subject.gaps:
        request.applymarker(pytest.mark.xfail(reason=subject.gaps[case], strict=True))
    subject = opened(subject)
    subject.reset()
    service = subject.provider.connect(subject.connection())
    try:
        record = subject.provider.capabilities
        yield Bench(subject, service, kinds_at(subject.provider, record.kinds)[kind])
    finally:
        service.close()
