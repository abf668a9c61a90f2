"""Lines to a service, on real sockets: as many as requests are under way at once, and no more."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from retinue.providers.http import Http
from retinue.providers.openai_assistants import classify
from retinue.providers.wire import Connection, Verb

from ..serving import raw_served, request_in

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"id": "x"}'


def test_each_request_under_way_has_a_line_that_later_ones_take_over() -> None:
    together = threading.Barrier(4)

    def handler(connection: socket.socket) -> None:
        for number in range(1000):
            request_in(connection)
            if number == 0:
                together.wait(30)  # all are under way at once
            connection.sendall(ANSWER)

    with raw_served(handler) as (url, came), ThreadPoolExecutor(4) as pool:
        http = Http(Connection(url, {"Authorization": "Bearer k"}, parallelism=4, budget=60), classify)
        for _ in range(3):
            sent = [pool.submit(http.send, Verb.GET, "GET", f"assistants/{number}") for number in range(20)]
            assert [item.result() for item in sent] == [{"id": "x"}] * 20
        http.close()
        assert len(came) == 4
