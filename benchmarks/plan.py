"""Measures a cold plan of unchanged assistants against its limit and against a plain script, turn by turn.

    python benchmarks/plan.py [COUNT …] [--rounds N]        default 100 1000 10000, 5 rounds

The limit is benchmarks/limit.py, the script benchmarks/sdk.py; both send the requests that the plan sends. The service
is a process of its own that answers each request from memory after 20 ms. Prints ratios, which mean something on a
noisy machine: of the best of the rounds, in which the three take turns. The times do not travel. Request counts are
asserted.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from retinue.core.marker import Applied, Owner
from retinue.core.marks import asked_entries
from retinue.core.model import Address
from retinue.providers.assistants_v2 import KINDS

HERE = Path(__file__).parent
LATENCY = 0.02
PROMPT = "\n".join(f"{number}. Answer with care, in the language of the question." for number in range(70))
"""After a first line that no other assistant has: equal texts would be kept once."""


class Cost(NamedTuple):
    """Wall and CPU seconds of one process, and its peak megabytes."""

    wall: float
    cpu: float
    peak: float


def manifest(number: int) -> tuple[str, dict[str, object]]:
    name = f"a{number:06}"
    return name, {
        "name": f"Assistant {number}",
        "model": "gpt-4o",
        "temperature": 0.2,
        "instructions": f"You are {name}.\n{PROMPT}",
    }


def project(root: Path, host: str, count: int) -> None:
    (root / "assistants").mkdir()
    (root / "retinue.yaml").write_text(
        f"version: 1\nproject: bench\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{provider: openai-assistants, endpoint: 'http://{host}/v1', api_key: {{env: BENCH_KEY}}}}\n"
    )
    for number in range(count):
        name, spec = manifest(number)
        prompt = textwrap.indent(str(spec["instructions"]), "  ")
        head = "".join(f"{key}: {spec[key]}\n" for key in ("name", "model", "temperature"))
        text = f"assistant: {name}\n{head}instructions: |\n{prompt}\n"
        (root / "assistants" / f"{name}.yaml").write_text(text)


def pages(count: int) -> Iterator[dict[str, object]]:
    """What the service lists after an apply of the project."""
    kind = KINDS["Assistant"]
    rest: dict[str, object] = {
        "object": "assistant",
        "description": None,
        "tools": [],
        "tool_resources": {},
        "top_p": 1.0,
    }
    rest["response_format"] = "auto"
    for start in range(0, max(count, 1), 100):
        items = []
        for number in range(start, min(start + 100, count)):
            name, spec = manifest(number)
            owner = Owner("bench", "dev", Address("Assistant", name))
            applied = Applied(f"N{number:07}", fields=asked_entries(spec, kind))
            marker = {"retinue.address": str(owner), "retinue.applied": str(applied)}
            items.append({"id": f"asst_{number:024}", "created_at": number, **rest, **spec, "metadata": marker})
        ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]}
        yield {"object": "list", "data": items, **ends, "has_more": start + 100 < count}


@contextmanager
def service(file: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, str(HERE / "pages.py"), str(file), str(LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def timed(command: list[str], root: Path) -> Cost:
    """What a command costs that must succeed."""
    with (root / "output").open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=root, stdout=output, stderr=output, env={"BENCH_KEY": "k", "PATH": "/usr/bin"}
        )
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (root / "output").read_text()[-1000:]
    return Cost(took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(count: int, rounds: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with (root / "pages").open("w") as file:
            file.writelines(json.dumps(page) + "\n" for page in pages(count))
        schema = root / "schema.json"
        subprocess.run([sys.executable, "-m", "retinue", "schema"], stdout=schema.open("w"), check=True)
        with service(root / "pages") as (host, process):
            project(root, host, count)
            commands = {
                "plan": [sys.executable, "-m", "retinue", "plan", "-q"],
                "limit": [sys.executable, str(HERE / "limit.py"), str(root), host],
                "beside": [sys.executable, str(HERE / "limit.py"), str(root), host, "beside"],
                "sdk": [sys.executable, str(HERE / "sdk.py"), str(root), host, str(schema)],
            }
            found: dict[str, list[Cost]] = {name: [] for name in commands}
            for _ in range(rounds):
                for name, command in commands.items():
                    found[name].append(timed(command, root))
                    assert process.stdout is not None
                    asked = [process.stdout.readline() for _ in range(math.ceil(count / 100))]
                    assert all(line.startswith("GET /v1/assistants?") for line in asked), asked
            process.kill()
            assert process.stdout is not None
            assert not process.stdout.read(), "more requests than pages"
    best = {name: Cost(*map(min, zip(*costs, strict=True))) for name, costs in found.items()}
    plan, limit, beside, sdk = best.values()
    cells = [f"{plan.wall / limit.wall:.2f}", f"{plan.cpu / limit.cpu:.2f}", f"{plan.wall / beside.wall:.2f}"]
    cells += [f"{plan.wall / sdk.wall:.2f}", f"{plan.cpu / sdk.cpu:.2f}"]
    cells += [f"{cost.wall:.2f} s" for cost in (plan, limit, sdk)]
    cells += [f"{cost.cpu / count * 1e6:.0f} µs" for cost in (plan, limit)]
    cells += [f"{cost.peak:.0f} MB" for cost in (plan, limit)]
    return f"| {count:,} | {' | '.join(cells)} |"


def main() -> None:
    arguments = sys.argv[1:]
    rounds = int(arguments.pop(arguments.index("--rounds") + 1)) if "--rounds" in arguments else 5
    counts = [int(argument) for argument in arguments if argument != "--rounds"] or [100, 1000, 10000]
    print("| assistants | wall / limit | CPU / limit | wall / limit in threads | wall / script | CPU / script", end=" ")
    print("| plan | limit | script", end=" ")
    print("| CPU each | limit's | peak | limit's |")
    print("|" + "---|" * 13)
    for count in counts:
        print(measure(count, rounds), flush=True)


if __name__ == "__main__":
    main()
