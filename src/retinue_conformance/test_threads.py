"""One connected service serves many threads: apply runs ten steps at once over it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from .bench import Bench

THREADS = 8


def test_eight_threads_at_once_lose_and_mix_up_nothing(bench: Bench) -> None:
    kind, full = bench.kind.name, bench.sample.full
    changed = {**full, **bench.sample.changed}
    start = threading.Barrier(THREADS)
    foreign = bench.subject.seed(kind, full)

    def life(number: int) -> tuple[str, str]:
        """Two objects of this thread's own: one stays, one goes."""
        start.wait(10)
        kept, gone = bench.create(f"kept-{number}"), bench.create(f"gone-{number}")
        answer = bench.update(kept, changed, bench.marker(f"kept-{number}", changed))
        bench.holds(changed, bench.got(answer.remote_id), f"in thread {number} after its own update")
        bench.service.delete(kind, gone.remote_id)
        list(bench.service.list(kind))
        return kept.remote_id, gone.remote_id

    with bench.untouched(foreign), ThreadPoolExecutor(THREADS) as pool:
        lives = list(pool.map(life, range(THREADS)))
    kept = [key for key, _ in lives]
    found = {live.remote_id: live for live in bench.listed(foreign, *kept)}
    if set(found) != {foreign, *kept} or len(set(kept)) != THREADS:
        bench.fail(f"eight threads left {sorted(map(str, found))}, not {sorted({foreign, *kept})}")
    for number, key in enumerate(kept):
        bench.holds(changed, found[key], f"after eight threads, the object of thread {number}")
        bench.marked(found[key], bench.marker(f"kept-{number}", changed), f"after eight threads, thread {number}")


def test_a_service_can_be_closed_while_another_of_the_same_provider_goes_on(bench: Bench) -> None:
    other = bench.subject.provider.connect(bench.subject.connection())
    live = bench.create()
    list(other.list(bench.kind.name))
    other.close()
    bench.everywhere(bench.sample.full, live, bench.marker(), "after another connection was closed")
