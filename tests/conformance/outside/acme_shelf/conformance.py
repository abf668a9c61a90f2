"""The subject of the conformance suite: the made-up service, filled and emptied past the provider."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import SimpleNamespace

from retinue.provider import Connection, Json, in_process

from . import BOTS, PROVIDER, SHELVES
from .server import Acme

_FIRST, _SECOND = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
FULL: dict[str, Json] = {
    "name": "Greeter",
    "description": "Says hello.",
    "model": "small",
    "instructions": "Be brief.",
    "metadata": {"owner": "cx"},
    "temperature": 0.5,
}
CHANGED: dict[str, Json] = {
    "name": "Host",
    "description": "Says hello and goodbye.",
    "model": "large",
    "instructions": "Be kind.",
    "metadata": {"team": "7"},
    "temperature": 0,
}
SHELF: dict[str, Json] = {"name": "Hall", "keeper": _FIRST, "note": "Mind it.", "width": 9, "metadata": {"owner": "cx"}}
MOVED: dict[str, Json] = {"name": "Attic", "keeper": _SECOND, "note": "Ask.", "width": 60, "metadata": {"team": "7"}}


class AcmeSubject:
    name = "acme"
    provider = PROVIDER
    classify = staticmethod(PROVIDER.classify)
    samples = {
        "Assistant": SimpleNamespace(full=FULL, changed=CHANGED, minimal={"model": "small"}),
        "Shelf": SimpleNamespace(full=SHELF, changed=MOVED, minimal={"keeper": _FIRST}),
    }
    gaps: Mapping[str, str] = {}

    def __enter__(self) -> AcmeSubject:
        self._server, self._clock = Acme(), itertools.count(1)
        self._server.strict = False
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def reset(self) -> None:
        self._server.objects = {"bots": {}, "shelves": {}}
        self._server.page = 100

    def connection(self) -> Connection:
        return Connection("http://acme/api", transport=in_process(self._server))

    def _of(self, kind: str) -> tuple[str, dict[str, dict[str, Json]]]:
        name = {"Assistant": "bots", "Shelf": "shelves"}[kind]
        return name, self._server.objects[name]

    def _body(self, kind: str, before: Mapping[str, Json], spec: Mapping[str, Json]) -> dict[str, Json]:
        return {"Assistant": BOTS, "Shelf": SHELVES}[kind].body(before, spec, None)

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        key = f"00000000-0000-4000-8000-{next(self._clock):012}"
        self._server.put(self._of(kind)[0], key, self._body(kind, {}, spec))
        return key

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return {key: dict(item) for key, item in self._of(kind)[1].items()}

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        objects = self._of(kind)[1]
        before = objects[remote_id]
        objects[remote_id] = {**self._body(kind, before, fields), "labels": before["labels"]}

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"voice": "alto", "limits": {"tokens": [1, 2]}}
        objects = self._of(kind)[1]
        objects[remote_id] = {**objects[remote_id], **strange}
        return strange

    def pages_of(self, size: int) -> bool:
        self._server.page = size
        return True
