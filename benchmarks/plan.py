"""Measures plan and apply against an ideal client in the same run: same requests, same YAML and schema libraries.

    python benchmarks/plan.py [COUNT …]        default 100 1000 10000

Prints ratios, which mean something on a noisy machine; the times beside them do not travel. Request counts are
asserted. The ideal client parses each manifest with pyyaml's C loader, validates it with one reused jsonschema
validator, lists the service and compares with `==`.
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from retinue_emulator.app import Emulator

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.serving import served

PROMPT = "\n".join(f"{number}. Answer with care, in the language of the question." for number in range(70))
IDEAL = """
import json, pathlib, sys
import httpx, jsonschema, yaml
root, url, schema = pathlib.Path(sys.argv[1]), sys.argv[2], json.loads(pathlib.Path(sys.argv[3]).read_text())
validator = jsonschema.Draft7Validator(schema)
wanted = {}
for path in sorted((root / "assistants").glob("*.yaml")):
    document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    assert not list(validator.iter_errors(document))
    wanted[document.pop("assistant")] = document
client = httpx.Client(headers={"Authorization": "Bearer k", "OpenAI-Beta": "assistants=v2"})
after, same = None, 0
while True:
    query = {"limit": "100", "order": "asc"} | ({"after": after} if after else {})
    page = client.get(url + "/v1/assistants", params=query).json()
    for item in page["data"]:
        name = item["metadata"]["retinue.address"].rsplit("/", 1)[1]
        same += all(item[key] == value for key, value in wanted[name].items() if key != "instructions")
        same -= item["instructions"].rstrip() != wanted[name]["instructions"].rstrip()
    if not page["has_more"]:
        break
    after = page["last_id"]
assert same == len(wanted), (same, len(wanted))
"""


def project(root: Path, url: str, count: int) -> None:
    (root / "assistants").mkdir()
    (root / "retinue.yaml").write_text(
        f"version: 1\nproject: bench\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{provider: openai-assistants, endpoint: '{url}/v1', api_key: {{env: BENCH_KEY}}}}\n"
    )
    for number in range(count):
        text = f"assistant: a{number:05}\nname: Assistant {number}\nmodel: gpt-4o\ntemperature: 0.2\n"
        text += "instructions: |\n" + textwrap.indent(PROMPT, "  ") + "\n"
        (root / "assistants" / f"a{number:05}.yaml").write_text(text)


def timed(command: list[str], root: Path) -> tuple[float, float]:
    """Wall seconds and peak megabytes of a command that must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env={"BENCH_KEY": "k", "PATH": "/usr/bin"})
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return time.perf_counter() - started, max(before, peak) / 1024


def measure(count: int, latency: float) -> str:
    emulator = Emulator(":memory:")
    with served(emulator) as url, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        project(root, url, count)
        schema = root / "schema.json"
        subprocess.run([sys.executable, "-m", "retinue", "schema"], stdout=schema.open("w"), check=True)
        retinue = [sys.executable, "-m", "retinue"]
        first, _ = timed([*retinue, "apply", "--auto-approve", "-q"], root)
        emulator.latency = latency
        ideal = [sys.executable, "-c", IDEAL, str(root), url, str(schema)]
        rounds = []
        for _ in range(3):
            emulator.requests.clear()
            plan, peak = timed([*retinue, "plan"], root)
            listed = [request.method for request in emulator.requests]
            assert listed == ["GET"] * max(1, math.ceil(count / 100)), listed
            rounds.append((plan, timed(ideal, root)[0], peak))
        (root / "assistants" / "a00001.yaml").write_text("assistant: a00001\nmodel: gpt-4o\n")
        emulator.requests.clear()
        timed([*retinue, "apply", "--auto-approve", "-q"], root)
        assert len(emulator.writes()) == 1
        assert len(emulator.requests) <= math.ceil(count / 100) + 3
    emulator.close()
    plan, best = min(row[0] for row in rounds), min(row[1] for row in rounds)
    return (
        f"| {count:>6,} | {latency * 1000:>4.0f} ms | {plan / best:>5.2f} | {plan:>6.2f} s | {best:>6.2f} s "
        f"| {max(row[2] for row in rounds):>5.0f} MB | {first:>6.2f} s |"
    )


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [100, 1000, 10000]
    print("| assistants | latency | plan / ideal | plan | ideal | peak | first apply |")
    print("|---|---|---|---|---|---|---|")
    for count in counts:
        for latency in (0.0, 0.02):
            print(measure(count, latency), flush=True)


if __name__ == "__main__":
    main()
