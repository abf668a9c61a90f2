"""Measures an apply of many creates against its limit: ten bare sockets in flight, and nothing but the requests.

    python benchmarks/apply.py [COUNT …]        default 100 2000

The service is a process of its own that answers each request after 20 ms from memory. The limit parses the same files
with pyyaml's C loader, lists, creates ten at a time and lists again, as retinue does. The script does the same by
httpx, with a client for each of its ten threads: what any program needs that sends by this library. Of three rounds in
which the three take turns the best counts. Request counts are asserted, also of a saved apply that updates all of them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

LATENCY, IN_FLIGHT, PAGE, ROUNDS = 0.02, 10, 100, 3
PROMPT = "\n".join(f"{number}. Answer with care, in the language of the question." for number in range(70))


class Costs(NamedTuple):
    """Wall and CPU seconds of one process."""

    wall: float
    cpu: float


class Store(asyncio.Protocol):
    """One connection. What is held, and what was asked, is of the class: the process serves one benchmark."""

    held: dict[str, bytes] = {}
    asked: Counter[str] = Counter()
    numbers = itertools.count(1)

    def connection_made(self, transport: Any) -> None:
        self.transport, self.data = transport, b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", self.data[:end])
            stop = end + 4 + (int(size[1]) if size else 0)
            if len(self.data) < stop:
                return
            head, body, self.data = self.data[:end].decode(), self.data[end + 4 : stop], self.data[stop:]
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            asyncio.get_running_loop().call_later(LATENCY, self.answer, method, target, body)

    def answer(self, method: str, target: str, body: bytes) -> None:
        path, _, query = target.partition("?")
        if path == "/asked":
            text = json.dumps(self.asked).encode()
            self.asked.clear()
        elif path == "/clear":
            self.held.clear()
            self.asked.clear()
            text = b"{}"
        else:
            one = path.rpartition("/assistants/")[2] if "/assistants/" in path else ""
            self.asked[f"{method} {'one' if one else 'all'}"] += 1
            text = self.written(one, body) if method == "POST" else self.held[one] if one else self.page(query)
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)

    def written(self, one: str, body: bytes) -> bytes:
        plain: dict[str, Any] = {
            "object": "assistant",
            "name": None,
            "description": None,
            "instructions": None,
            "tools": [],
        }
        key = one or f"asst-{next(self.numbers):08}"
        before = json.loads(self.held[one]) if one else {**plain, "id": key, "created_at": int(time.time())}
        self.held[key] = json.dumps({**before, **json.loads(body)}).encode()
        return self.held[key]

    def page(self, query: str) -> bytes:
        after = re.search(r"after=([^&]+)", query)
        keys = list(self.held)
        start = keys.index(after[1]) + 1 if after else 0
        part = keys[start : start + PAGE]
        more = b"true" if start + PAGE < len(keys) else b"false"
        last = part[-1].encode() if part else b""
        items = b",".join(self.held[key] for key in part)
        return b'{"data":[%s],"last_id":"%s","has_more":%s}' % (items, last, more)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Store, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Wire:
    """A connection that sends one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def ask(self, method: str, target: str, body: bytes = b"") -> Any:
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)
        self.file.readline()
        size = int(self.file.readline().split(b":")[1])
        self.file.readline()
        return json.loads(self.file.read(size))

    def everything(self) -> list[Any]:
        found, after = [], ""
        while True:
            page = self.ask("GET", f"/v1/assistants?limit={PAGE}{after}")
            found += page["data"]
            if not page["has_more"]:
                return found
            after = f"&after={page['last_id']}"


class Scripted(Wire):
    """The same by httpx, as people write it."""

    def __init__(self, port: int) -> None:
        import httpx

        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=verify, trust_env=False)
        self.client.headers["Authorization"] = "Bearer k"

    def ask(self, method: str, target: str, body: bytes = b"") -> Any:
        return self.client.request(method, target, content=body).json()


def limit(root: str, port: int, wire: Callable[[int], Wire] = Wire) -> None:
    wanted = [yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in sorted(Path(root, "assistants").iterdir())]
    assert wire(port).everything() == []
    waiting = iter(wanted)
    lock = threading.Lock()

    def work() -> None:
        line = wire(port)
        while True:
            with lock:
                item = next(waiting, None)
            if item is None:
                return
            address = f"bench/dev/Assistant/{item.pop('assistant')}"
            line.ask("POST", "/v1/assistants", json.dumps({**item, "metadata": {"address": address}}).encode())

    workers = [threading.Thread(target=work) for _ in range(IN_FLIGHT)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(wire(port).everything()) == len(wanted)


def project(root: Path, port: int, count: int, temperature: float) -> None:
    (root / "assistants").mkdir(exist_ok=True)
    (root / "retinue.yaml").write_text(
        "version: 1\nproject: bench\nmanifests: [assistants]\nenvironments:\n  dev: {provider: openai-assistants, "
        f"endpoint: 'http://127.0.0.1:{port}/v1', api_key: {{env: BENCH_KEY}}}}\n"
    )
    for number in range(count):
        text = f"assistant: a{number:05}\nname: Assistant {number}\nmodel: gpt-4o\ntemperature: {temperature}\n"
        text += "instructions: |\n" + textwrap.indent(PROMPT, "  ") + "\n"
        (root / "assistants" / f"a{number:05}.yaml").write_text(text)


def timed(command: list[str], root: Path) -> Costs:
    """Wall and CPU seconds of a command that must succeed."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env={"BENCH_KEY": "k", "PATH": "/usr/bin"})
    after, wall = os.times(), time.perf_counter() - started
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Costs(wall, cpu)


@contextmanager
def served() -> Iterator[int]:
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def measure(count: int) -> str:
    pages, retinue = -(-count // PAGE), [sys.executable, "-m", "retinue", "apply"]
    with served() as port, tempfile.TemporaryDirectory() as folder:
        root, control = Path(folder), Wire(port)
        project(root, port, count, 0.2)
        ours, bare, script = list[Costs](), list[Costs](), list[Costs]()
        for _ in range(ROUNDS):
            for found, command in (
                (bare, [sys.executable, __file__, "limit", folder, str(port)]),
                (script, [sys.executable, __file__, "script", folder, str(port)]),
                (ours, [*retinue, "--auto-approve", "-q"]),
            ):
                control.ask("GET", "/clear")
                found.append(timed(command, root))
                assert control.ask("GET", "/asked") == {"POST all": count, "GET all": 1 + pages}
        project(root, port, count, 0.3)
        timed([sys.executable, "-m", "retinue", "plan", "--out", "plan.json"], root)
        control.ask("GET", "/asked")
        saved, _ = timed([*retinue, "plan.json", "-q"], root)
        assert control.ask("GET", "/asked") == {"GET all": pages, "GET one": count, "POST one": count}
    (wall, cpu), (least, least_cpu), (plain, plain_cpu) = (
        Costs(min(times), min(cpus)) for times, cpus in (zip(*found, strict=True) for found in (ours, bare, script))
    )
    floor = (count / IN_FLIGHT + 1 + pages) * LATENCY
    return (
        f"| {count:>6,} | {wall / least:.2f} | {wall / plain:.2f} | {cpu / least_cpu:.2f} | {cpu / plain_cpu:.2f} "
        f"| {wall:.2f} s | {least:.2f} s | {floor:.2f} s | {cpu:.2f} s | {saved / wall:.2f} |"
    )


def main() -> None:
    print("| creates | apply / limit | / script | CPU / limit | / script | apply", end=" ")
    print("| limit | requests alone | CPU | saved updates / creates |")
    print("|" + "---|" * 10)
    for count in [int(argument) for argument in sys.argv[1:]] or [100, 2000]:
        print(measure(count), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve())
    elif sys.argv[1:2] in (["limit"], ["script"]):
        limit(sys.argv[2], int(sys.argv[3]), Wire if sys.argv[1] == "limit" else Scripted)
    else:
        main()
