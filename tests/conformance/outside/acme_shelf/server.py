"""The made-up service as a WSGI application; with a path it keeps its objects. `strict`: a shelf needs its bot."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

BLANK: Mapping[str, Mapping[str, Any]] = {
    "bots": {"title": "", "about": "", "engine": "", "prompt": "", "heat": ""},
    "shelves": {"title": "", "bot": "", "note": "", "width": ""},
}


class Acme:
    def __init__(self, path: str = ":memory:") -> None:
        self._file = None if path == ":memory:" else Path(path)
        self._lock, self.page, self.strict = threading.Lock(), 100, True
        self.objects: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in BLANK}
        if self._file is not None and self._file.exists():
            self.objects = json.loads(self._file.read_text(encoding="utf-8"))
        self._clock = itertools.count(1 + sum(map(len, self.objects.values())))

    def close(self) -> None:
        if self._file is not None:
            self._file.write_text(json.dumps(self.objects), encoding="utf-8")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            status, answer = self._answer(environ)
        data = json.dumps(answer).encode()
        start_response(f"{status} -", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        return [data]

    def _answer(self, environ: dict[str, Any]) -> tuple[int, Any]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/api").strip("/")
        name, _, key = path.partition("/")
        if name not in self.objects:
            return 404, {"error": "no such route"}
        there = self.objects[name]
        if method == "GET" and not key:
            found = list(there.values())
            if name == "shelves":
                after = parse_qs(environ.get("QUERY_STRING", "")).get("after", [""])[0]
                start = list(there).index(after) + 1 if after in there else 0
                found = found[start : start + self.page]
            return 200, {name: found}
        if method == "POST" and key in there:
            return 409, {"error": "taken"}
        if method != "POST" and key not in there:
            return 404, {"error": "no such object"}
        if method == "GET":
            return 200, there[key]
        if method == "DELETE":
            if self.strict and any(shelf["bot"] == key for shelf in self.objects["shelves"].values()):
                return 422, {"error": "a shelf has this bot"}
            del there[key]
            return 200, {"done": True}
        given = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        texts = ("title", "about", "engine", "prompt", "bot", "note")
        if not all(isinstance(given.get(one, ""), str) for one in texts):
            return 422, {"error": "a text is expected"}
        if self.strict and name == "shelves" and given.get("bot") not in self.objects["bots"]:
            return 422, {"error": "there is no such bot"}
        self.put(name, key, given)
        return 200, {"done": True}

    def put(self, name: str, key: str, given: Mapping[str, Any]) -> None:
        before = self.objects[name].get(key)
        made = next(self._clock) if before is None else before["made"]
        self.objects[name][key] = {**BLANK[name], **given, "id": key, "made": made}
