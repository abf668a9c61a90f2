"""`retinue emulator` as a process, and the SDK connected to it with a witness of every answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import httpx

from .published import Answer, Witness

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

PREFIX = "/v1"


@contextmanager
def emulator(*options: str) -> Iterator[str]:
    """The URL of a running command, which ends with the block."""
    command = [sys.executable, "-m", "retinue", "emulator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def options_of(row: Mapping[str, Any]) -> list[str]:
    """A row of choices as options of the command."""
    texts = [f"{name}={choice if isinstance(choice, str) else json.dumps(choice)}" for name, choice in row.items()]
    return [part for text in texts for part in ("--set", text)]


def control(url: str, **document: Any) -> None:
    """What the control route is asked to do, it must do; a refusal is raised."""
    headers = {"Content-Type": "application/json"}
    request = Request(f"{url}/_emulator/control", json.dumps(document).encode(), headers)  # noqa: S310 - our server
    urlopen(request).close()  # noqa: S310


def _answer(response: httpx.Response) -> Answer:
    path = response.request.url.path.removeprefix(PREFIX)
    return Answer(response.request.method, path, response.status_code, response.headers, response.content)


def connect(url: str, witness: Witness, **options: Any) -> OpenAI:
    """The SDK as a user has it, but that it validates answers strictly and by default does not try again."""
    from openai import OpenAI

    def hook(response: httpx.Response) -> None:
        response.read()
        witness.saw(_answer(response))

    client = httpx.Client(event_hooks={"response": [hook]})
    return OpenAI(base_url=url + PREFIX, http_client=client, **_usual(options))


def connect_async(url: str, witness: Witness, **options: Any) -> AsyncOpenAI:
    from openai import AsyncOpenAI

    async def hook(response: httpx.Response) -> None:
        await response.aread()
        witness.saw(_answer(response))

    client = httpx.AsyncClient(event_hooks={"response": [hook]})
    return AsyncOpenAI(base_url=url + PREFIX, http_client=client, **_usual(options))


def _usual(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"api_key": "sk-outside", "max_retries": 0, "_strict_response_validation": True, **options}
