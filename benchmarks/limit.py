"""The limit: a plan by hand on a bare socket. No safety, no places, no diagnostics; it knows this one schema by heart.

    python benchmarks/limit.py ROOT HOST:PORT [beside]

Asks for the same pages as retinue over one connection, and parses the same files with pyyaml's C loader; the checks are
written out as a compiled schema would be. One thing after the other, or with `beside` the list in a thread.
"""

import gc
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import yaml

root, host = sys.argv[1:3]
beside = sys.argv[3:] == ["beside"]
live: dict[str, Any] = {}


def listed() -> None:
    name, port = host.split(":")
    connection = socket.create_connection((name, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    file, after = connection.makefile("rb", 1 << 20), ""
    head = f"Host: {host}\r\nAuthorization: Bearer k\r\nOpenAI-Beta: assistants=v2\r\nAccept: application/json\r\n\r\n"
    while True:
        connection.sendall(f"GET /v1/assistants?limit=100&order=asc{after} HTTP/1.1\r\n{head}".encode())
        assert file.readline().split()[1] == b"200"
        size = 0
        while (line := file.readline()) != b"\r\n":
            key, _, value = line.partition(b":")
            if key.lower() == b"content-length":
                size = int(value)
        page = json.loads(file.read(size))
        for item in page["data"]:
            live[item["metadata"]["retinue.address"].rpartition("/")[2]] = item
        if not page["has_more"]:
            return
        after = f"&after={page['last_id']}"


def text(value: Any, most: int) -> bool:
    return type(value) is str and len(value) <= most


CHECKS: dict[str, Callable[[Any], Any]] = {
    "assistant": lambda value: text(value, 63) and value.replace("-", "a").isalnum(),
    "name": lambda value: text(value, 256),
    "model": lambda value: text(value, 256) and value,
    "description": lambda value: text(value, 512),
    "instructions": lambda value: text(value, 256_000),
    "temperature": lambda value: type(value) in (int, float) and 0 <= value <= 2,
    "metadata": lambda value: type(value) is dict and all(text(item, 512) for item in value.values()),
    "tools": lambda value: type(value) is list and len(value) <= 128 and all(map(tool, value)),
}


def tool(value: Any) -> bool:
    if type(value) is not dict or value.get("type") not in ("function", "code_interpreter", "file_search"):
        return False
    return value["type"] != "function" or text(value["function"]["name"], 64)


gc.disable()
thread = threading.Thread(target=listed)
if beside:
    thread.start()
wanted = {}
folder = os.path.join(root, "assistants")  # noqa: PTH118
for entry in sorted(os.listdir(folder)):  # noqa: PTH208
    with open(f"{folder}/{entry}", "rb") as source:  # noqa: PTH123
        document = yaml.load(source.read(), yaml.CSafeLoader)
    assert all(CHECKS[key](value) for key, value in document.items()) and "model" in document
    wanted[document.pop("assistant")] = document
if beside:
    thread.join()
else:
    listed()
for name, document in wanted.items():
    found = live[name]
    for key, value in document.items():
        if key == "instructions":
            assert value.rstrip("\n") == found[key].rstrip("\n"), name
        elif key != "metadata":
            assert value == found[key], name
assert len(live) == len(wanted)
sys.stdout.write(f"{len(live)} match\n")
