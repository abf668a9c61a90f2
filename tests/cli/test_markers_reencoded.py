"""A service that writes both texts of the marker otherwise, and whose answers are lost: one object at most."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.flowise_rows import KIND

from ..langgraph.fake import FakeLangGraph
from ..serving import served
from .conftest import World, enter

MARKER = re.compile(r'(retinue\.(?:address|applied|scope)\\*": ?\\*")([^"\\]*)')
"""The texts of a marker in a body, also in JSON that is a text in other JSON."""
READABLE: dict[str, Callable[[str], str]] = {
    "html": lambda text: html.escape(text).replace("/", "&#x2F;"),
    "url": lambda text: text.replace("/", "%2F").replace(" ", "+"),
    "upper": str.upper,
    "quoted": lambda text: f"'{text}'",
    "prefix": lambda text: f"string:{text}",
    "trailing space": lambda text: text + " ",
    "no-break space": lambda text: text.replace(" ", "\N{NO-BREAK SPACE}").replace("/", "\N{FRACTION SLASH}"),
    "cut to 24": lambda text: text[:24].removesuffix("tutor") + "…",
}
"""What leaves the nonce in it."""
LOST: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "backwards": lambda text: text[::-1],
    "digest": lambda text: f"h{sum(map(ord, text))}",
    "stars": lambda text: "*" * len(text),
    "empty": lambda _: "",
}


@dataclass
class Reencoding:
    """In front of a service. `lose`: how many answers of creates never arrive, or arrive as this status."""

    application: Any
    change: Callable[[str], str] | None = None
    lose: int = 0
    status: int | None = None
    also: Callable[[], object] = lambda: None
    creates: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        text = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode()
        if self.change is not None:
            text = MARKER.sub(lambda found: found[1] + self.change(found[2]), text)  # type: ignore[misc]
        data = text.encode()
        environ = {**environ, "wsgi.input": io.BytesIO(data), "CONTENT_LENGTH": str(len(data))}
        if method != "POST" or not path.endswith(("/assistants", "/vector_stores")):
            return self.application(environ, start_response)  # type: ignore[no-any-return]
        self.creates.append(path)
        if not self.lose:
            return self.application(environ, start_response)  # type: ignore[no-any-return]
        self.lose -= 1
        list(self.application(environ, lambda *_: None))
        self.also()
        if self.status is None:
            raise ConnectionResetError
        start_response(f"{self.status} -", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]


@dataclass
class Case:
    """A project with one manifest at a service that re-encodes."""

    world: World
    service: Reencoding
    live: Callable[[], dict[str, Any]]

    def apply(self) -> tuple[int, str]:
        ran = self.world.run("apply", "--auto-approve")
        assert "Traceback" not in ran.err
        return ran.code, " ".join((ran.out + ran.err).split())


PROVIDERS = ("openai-assistants", "azure-openai", "flowise", "langgraph", "store")


@contextmanager
def case(provider: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    application: Any = FakeLangGraph() if provider == "langgraph" else Emulator(":memory:")
    service = Reencoding(application)
    with served(service) as url:
        enter(root, monkeypatch)
        world = World(root, application, url, monkeypatch)
        world.normal = lambda text: text  # type: ignore[method-assign]
        path = {"openai-assistants": "/v1", "store": "/v1"}.get(provider, "")
        name, text = provider, "assistant: tutor\nname: Tutor\nmodel: gpt-4o\n"
        if provider == "azure-openai":
            path = "\n    api_version: 2024-05-01-preview"
        if provider == "langgraph":
            text += "providers: {langgraph: {graph_id: agent}}\n"
        if provider == "store":
            name, text = "openai-assistants", "vector_store: tutor\nname: Tutor\n"
        world.write(
            "retinue.yaml",
            "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
            f"  dev: {{provider: {name}, api_key: {{env: DEMO_KEY}}, endpoint: {url}{path.replace(chr(10), ', ')}}}\n",
        )
        world.write("assistants/tutor.yaml", text)
        kind = {"store": "vector_store", "flowise": KIND}.get(provider, "assistant")
        everything: Callable[[], Any] = (
            (lambda: application.assistants)
            if provider == "langgraph"
            else (lambda: dict(application.store.everything(kind)))
        )
        yield Case(world, service, everything)
    if provider != "langgraph":
        application.close()


FIRST = PROVIDERS[0]


@pytest.mark.parametrize(
    ("provider", "how"), [*((FIRST, how) for how in READABLE), *((name, "html") for name in PROVIDERS[1:])]
)
def test_what_still_holds_the_nonce_is_known_and_taken_back(
    provider: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with case(provider, tmp_path / "demo", monkeypatch) as found:
        found.service.change = READABLE[how]
        for lose in (0, 1, 1):
            found.service.lose = lose
            code, said = found.apply()
            assert (code, found.live()) == (1, {}), said
            assert "did not keep the marker" in said
            assert "it was taken back" in said
        found.service.change = None
        assert found.apply()[0] == 0
        assert len(found.live()) == 1
        found.world.settled()


@pytest.mark.parametrize(
    ("provider", "how", "lose"),
    [
        *((FIRST, how, lose) for how in LOST for lose in (1, 99)),
        *((name, how, 1) for name in PROVIDERS[1:] for how in ("base64", "empty")),
    ],
)
def test_what_appeared_and_tells_nothing_is_not_made_again(
    provider: str, how: str, lose: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with case(provider, tmp_path / "demo", monkeypatch) as found:
        found.service.change, found.service.lose = LOST[how], lose
        code, said = found.apply()
        assert (code, len(found.live())) == (1, 1), said
        (key,) = found.live()
        assert f"{key} appeared meanwhile" in said
        found.service.lose = lose
        code, said = found.apply()
        # Blocked as a twin; or a row of Flowise that is known by its name, adopted in vain.
        assert (code in (1, 5), list(found.live())) == (True, [key]), said


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_was_there_before_is_no_reason_to_stop(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with case(provider, tmp_path / "demo", monkeypatch) as found:
        found.service.change, found.service.lose = LOST["stars"], 1
        found.apply()
        found.service.change = None
        found.service.lose = 1
        ran = found.world.run("apply", "--auto-approve", "--allow", "twin")
        assert ran.code == 0, ran.out + ran.err
        assert len(found.live()) == 2
