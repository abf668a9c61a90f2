"""Serves a list of assistants from memory, page by page, on bare sockets, in a process that has nothing else to do.

python benchmarks/pages.py FILE LATENCY        FILE: one page a line; prints HOST:PORT, then a line a request
"""

import json
import socket
import sys
import threading
import time

NEXT: dict[str, bytes] = {}
LOCK = threading.Lock()


def load(path: str) -> None:
    after = ""
    with open(path, "rb") as file:  # noqa: PTH123
        for line in file:
            body = line.rstrip(b"\n")
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            NEXT[after] = head.encode() + body
            after = json.loads(body)["last_id"]


def serve(connection: socket.socket, latency: float) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as file:
        while line := file.readline():
            arrived = time.monotonic()
            while file.readline() not in (b"\r\n", b""):
                pass
            after = line.split()[1].partition(b"after=")[2].split(b"&")[0].decode()
            with LOCK:
                sys.stdout.write(line.decode())
                sys.stdout.flush()
            time.sleep(max(0.0, latency - (time.monotonic() - arrived)))
            connection.sendall(NEXT[after])


def main() -> None:
    load(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=20)
    print(f"127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, float(sys.argv[2])), daemon=True).start()


main()
