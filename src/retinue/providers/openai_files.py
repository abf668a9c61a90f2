"""Kind `File` over the OpenAI API: streamed uploads whose name says what is in them. Azure OpenAI speaks it too.

Source of the facts: OpenAI API reference, Files. A file object has no metadata, so only its name tells what it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..core.content import parse_stored, stored_name
from ..core.model import Json, Live
from .assistants_v2 import FILE
from .base import Content, Support
from .lenient import text
from .paged import asking, below, created_at, find, id_of, paged, remove
from .wire import Stream, Verb

if TYPE_CHECKING:
    from .http import Http

_PATH = "files"
_NO_FILES = "This server has no files. Take `{upload: …}` out of the manifests, or name another `endpoint`."
FILE_FIELDS = {
    "name": (Support.EMULATED, "the file's name at the service holds the plain name, whose it is, and a digest"),
    "sha256": (Support.EMULATED, "16 hexadecimal digits of it in the name"),
    "bytes": (Support.NATIVE, ""),
}
_WORTH_A_WORD = 8 * 1024 * 1024
_MEGABYTE = 1024 * 1024


def to_file(raw: Mapping[str, Json]) -> Live:
    """A file as a live resource; with a name that is not of ours it has no marker and no digest."""
    remote_id, name = id_of(raw, "a file"), text(raw.get("filename")) or ""
    stored = parse_stored(name)
    spec: dict[str, Json] = {"name": stored.plain if stored else name, "sha256": stored.key.sha if stored else ""}
    if type(raw.get("bytes")) is int:
        spec["bytes"] = raw["bytes"]
    return Live(FILE.name, spec, remote_id, created_at(raw), stored.scope if stored else None, raw=raw)


class FileVerbs:
    """The verbs of kind `File`. `plain_names`: of the files seen so far, by id; safe for many threads."""

    def __init__(self, http: Http, progress: Callable[[str], None], purpose: str = "assistants") -> None:
        self._http, self._progress, self._purpose = http, progress, purpose
        self.plain_names: dict[str, str] = {}

    def list(self) -> Iterator[Live]:
        """Every file whose name is of retinue's form, whoever's it is."""
        params = {"limit": "10000", "purpose": self._purpose}
        for raw in paged(asking(self._http, _PATH, _NO_FILES), "files", params):
            found = self._seen(to_file(raw))
            if found.marker_address is not None:
                yield found

    def get(self, remote_id: str) -> Live | None:
        raw = find(self._http, below(_PATH, remote_id))
        return None if raw is None else self._seen(to_file(raw))

    def upload(self, spec: Mapping[str, Json], scope: str, content: Content) -> Live:
        """Send the bytes as they are read. Raises UnknownOutcome rather than send them twice."""
        told = 0

        def sent(so_far: int) -> None:
            """Tells every tenth of a large file."""
            nonlocal told
            tenth = so_far * 10 // max(1, content.size)
            if content.size >= _WORTH_A_WORD and tenth > told:
                told = tenth
                self._progress(f"  {content.name}: {so_far // _MEGABYTE} of {content.size // _MEGABYTE} MB sent")

        name = stored_name(str(spec["name"]), scope, str(spec["sha256"]))
        body = multipart({"purpose": self._purpose}, name, content, sent)
        return self._seen(to_file(self._http.send(Verb.CREATE, "POST", _PATH, body=body)))

    def delete(self, remote_id: str) -> None:
        remove(self._http, below(_PATH, remote_id))

    def _seen(self, found: Live) -> Live:
        self.plain_names[found.remote_id] = str(found.spec["name"])
        return found


def multipart(fields: Mapping[str, str], filename: str, content: Content, sent: Callable[[int], None]) -> Stream:
    """The body of an upload (RFC 7578), made piece by piece at each sending; `sent` is told how many bytes are gone."""
    boundary = os.urandom(16).hex()
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    # As browsers do (HTML, multipart/form-data encoding).
    quoted = filename.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
    head += "Content-Type: application/octet-stream\r\n\r\n"
    before, after = head.encode("utf-8"), f"\r\n--{boundary}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        yield before
        gone = 0
        for piece in content.pieces():
            yield piece
            gone += len(piece)
            sent(gone)
        yield after

    return Stream(f"multipart/form-data; boundary={boundary}", len(before) + content.size + len(after), pieces)
