"""How long requests take where a service refuses some of them: worlds × clients, and a few of them for real.

    python benchmarks/rate.py [SEEDS]         the table, in virtual time; default 20
    python benchmarks/rate.py real [ROUNDS]   applies of this product against the emulator; default 3

The clients: retinue's pace, and the plain one, which is a gate that all share, additive increase and multiplicative
decrease. In virtual time the seconds are exact, and the same again with the same seeds: means over the seeds, and the
worst of them. `tests/providers/worlds.py` says what each world does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from retinue.providers.pace import Pace
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault
from retinue_emulator.store import Window as Page

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.providers.worlds import AtOnce, Bucket, Chance, Outage, Plain, Rule, Sliding, Window, World, sent
from tests.serving import served

Rules = Callable[[int], list[Rule]]


def bucket_of(rate: float, burst: float) -> Rules:
    return lambda _seed: [Bucket(rate, burst)]


def chance_of(share: float, *more: Callable[[], Rule]) -> Rules:
    return lambda seed: [*(make() for make in more), Chance(share, seed)]


def ours_50() -> Rule:
    return Bucket(50, 20)


def worlds() -> Iterator[tuple[str, int, int, World, float | None]]:
    """Name, requests, how many are under way at most, the world, and the seconds that a client would need at least."""
    for rate, burst in ((50, 20), (200, 50), (10, 1), (5, 5), (1, 60)):
        for hint in ("whole", "exact", "date", "none", "10"):
            for latency in (0.002, 0.02, 0.05) if (rate, burst) == (50, 20) else (0.02,):
                yield (
                    f"bucket {rate}/{burst}, {latency * 1000:.0f} ms, hint {hint}",
                    *(300, 10, World(bucket_of(rate, burst), hint, latency=latency)),
                    (300 - burst) / rate,
                )
    for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3):
        for hint in ("1", "0.02", "10", "none"):
            for count in (100, 500):
                for workers in (1, 10, 32):
                    world = World(chance_of(share), hint)
                    yield f"{share:.0%} at random, hint {hint}", count, workers, world, None
    for hint in ("whole", "exact", "none"):
        for share in (0.02, 0.1):
            both = chance_of(share, ours_50)
            yield f"bucket 50/20 and {share:.0%} at random, hint {hint}", 300, 10, World(both, hint), None
        broken = World(lambda _seed: [Bucket(50, 20)], hint, broken=0.05)
        yield f"bucket 50/20, 5% answered 500 or reset, hint {hint}", 300, 10, broken, None
        broken = World(lambda seed: [Chance(0.1, seed)], hint, broken=0.1)
        yield f"10% at random, 10% answered 500 or reset, hint {hint}", 300, 10, broken, None
        others: dict[str, Rules] = {
            "bucket 50/20, others send 20 a second": lambda _seed: [Bucket(50, 20, strangers=20)],
            "bucket 50/20, others send 45 a second": lambda _seed: [Bucket(50, 20, strangers=45)],
            "bucket 50/20, for six seconds 15": lambda _seed: [
                Bucket(50, 20, share=lambda now: 0.3 if 2 < now < 8 else 1.0)
            ],
            "bucket 50/20, refused ones count": lambda _seed: [Bucket(50, 20, counts=True)],
            "50 in each second": lambda _seed: [Window(50, 1)],
            "60 in each minute": lambda _seed: [Window(60, 60)],
            "60 in any minute": lambda _seed: [Sliding(60, 60)],
            "60 in any minute, refused ones count": lambda _seed: [Sliding(60, 60, counts=True)],
            "1 at once": lambda _seed: [AtOnce(1)],
            "4 at once": lambda _seed: [AtOnce(4)],
            "nothing for 30 s": lambda _seed: [Outage(0.1, 30)],
            "half at random": lambda seed: [Chance(0.5, seed)],
        }
        for name, rules in others.items():
            yield f"{name}, hint {hint}", 300, 10, World(rules, hint), None
    for hint in ("half", "tenfold", "past", "zero"):
        yield f"bucket 50/20, hint {hint}", 300, 10, World(lambda _seed: [Bucket(50, 20)], hint), 5.6


def table(seeds: int) -> None:
    print("| world | requests | at once | ideal | retinue | worst | refused | plain | refused | ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, count, workers, world, ideal in worlds():
        ours, plain = (
            [sent(count, world, make, workers=workers, seed=s) for s in range(seeds)] for make in (Pace, Plain)
        )
        assert not any(result.too_early for result in ours), name
        seconds, others = (sum(result.seconds for result in results) / seeds for results in (ours, plain))
        refused, more = (sum(result.refused for result in results) / seeds for results in (ours, plain))
        print(
            f"| {name} | {count} | {workers} | {f'{ideal:.2f}' if ideal else ''} | {seconds:.2f} |"
            f" {max(result.seconds for result in ours):.2f} | {refused:.0f} | {others:.2f} | {more:.0f} |"
            f" {seconds / others:.2f} |",
            flush=True,
        )


COUNT, RATE, BURST = 300, 50, 20


def bucket(hint: str) -> Callable[[Emulator], None]:
    return lambda emulator: emulator.faults.limit(RATE, BURST, hint=hint)


def at_random(share: float) -> Callable[[Emulator], None]:
    refusal = Fault("status", 429, retry_after="1")
    return lambda emulator: emulator.faults.sometimes(1, share, [refusal], match="POST /v1/assistants")


REAL = {
    "bucket, whole seconds": (300, bucket("seconds")),
    "bucket, milliseconds": (300, bucket("ms")),
    "bucket, nothing said": (300, bucket("")),
    "5% at random, 1 s": (100, at_random(0.05)),
    "10% at random, 1 s": (100, at_random(0.1)),
    "30% at random, 1 s": (100, at_random(0.3)),
}


def project(root: Path, url: str, count: int) -> None:
    (root / "assistants").mkdir()
    (root / "retinue.yaml").write_text(
        f"version: 1\nproject: bench\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{provider: openai-assistants, endpoint: '{url}/v1', api_key: {{env: BENCH_KEY}}}}\n"
    )
    for number in range(count):
        (root / "assistants" / f"a{number:03}.yaml").write_text(f"assistant: a{number:03}\nmodel: gpt-4o\n")


def measure(count: int, refuse: Callable[[Emulator], None]) -> tuple[float, int]:
    """Seconds from the first request to the last, and how many were refused."""
    emulator = Emulator(":memory:")
    with served(emulator) as url, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        project(root, url, count)
        emulator.latency = 0.02
        refuse(emulator)
        command = [sys.executable, "-m", "retinue", "apply", "--auto-approve", "-q", "--parallelism", "10"]
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, env={"BENCH_KEY": "k", "PATH": "/usr/bin"}
        )
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    rows, _ = emulator.store.page("assistant", Page(limit=10_000))
    assert len(rows) == count, len(rows)
    refused = sum(request.status == 429 for request in emulator.requests)
    took = emulator.requests[-1].at - emulator.requests[0].at
    emulator.close()
    return took, refused


def real(rounds: int) -> None:
    print("| world | creates | first to last request | refused at most |")
    print("|---|---|---|---|")
    for name, (count, refuse) in REAL.items():
        runs = sorted(measure(count, refuse) for _ in range(rounds))
        print(f"| {name} | {count} | {runs[len(runs) // 2][0]:.2f} s | {max(run[1] for run in runs)} |", flush=True)


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["real"]:
        real(int(arguments[1]) if len(arguments) > 1 else 3)
    else:
        table(int(arguments[0]) if arguments else 20)


if __name__ == "__main__":
    main()
