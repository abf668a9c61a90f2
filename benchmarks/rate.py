"""Measures an apply of 300 creates against a service that takes 50 requests a second, 20 at once after a rest.

    python benchmarks/rate.py [ROUNDS]        default 3

The ideal client sends the same requests, knows the rate, and is never refused: (requests - burst) / rate seconds. What
a service says with a refusal is one of: whole seconds (Retry-After), milliseconds (retry-after-ms), nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from retinue_emulator.app import Emulator
from retinue_emulator.store import Window

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.serving import served

COUNT, RATE, BURST, PARALLELISM = 300, 50, 20, 10
HINTS = {"seconds": "whole seconds", "ms": "milliseconds", "": "nothing"}


def project(root: Path, url: str) -> None:
    (root / "assistants").mkdir()
    (root / "retinue.yaml").write_text(
        f"version: 1\nproject: bench\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{provider: openai-assistants, endpoint: '{url}/v1', api_key: {{env: BENCH_KEY}}}}\n"
    )
    for number in range(COUNT):
        (root / "assistants" / f"a{number:03}.yaml").write_text(f"assistant: a{number:03}\nmodel: gpt-4o\n")


def measure(hint: str, latency: float) -> tuple[float, float, int]:
    """Seconds from the first request to the last, those of the ideal client, and how many requests were refused."""
    emulator = Emulator(":memory:")
    with served(emulator) as url, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        project(root, url)
        emulator.latency = latency
        emulator.faults.limit(RATE, BURST, hint=hint)
        command = [sys.executable, "-m", "retinue", "apply", "--auto-approve", "-q", "--parallelism", str(PARALLELISM)]
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, env={"BENCH_KEY": "k", "PATH": "/usr/bin"}
        )
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    rows, _ = emulator.store.page("assistant", Window(limit=10_000))
    assert len(rows) == COUNT, len(rows)
    refused = sum(request.status == 429 for request in emulator.requests)
    taken = len(emulator.requests) - refused
    took = emulator.requests[-1].at - emulator.requests[0].at
    emulator.close()
    return took, (taken - BURST) / RATE, refused


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print("| told with a refusal | latency | first to last request | ideal | goal | refused, at most 16 |")
    print("|---|---|---|---|---|---|")
    for hint, name in HINTS.items():
        for latency in (0.0, 0.02):
            runs = sorted(measure(hint, latency) for _ in range(rounds))
            took, ideal, _ = runs[len(runs) // 2]
            refused = max(run[2] for run in runs)
            print(
                f"| {name} | {latency * 1000:.0f} ms | {took:.2f} s | {ideal:.2f} s | {1.1 * ideal + 1:.2f} s"
                f" | {refused} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
