"""An upload over a socket: never whole in memory, byte for byte, with a word about how far it is."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from retinue.providers.base import Uploader
from retinue.providers.openai_assistants import PROVIDER
from retinue.providers.wire import Connection
from retinue_emulator.app import Emulator

from ..serving import served

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Zeros:
    """So many megabytes that nobody holds."""

    name: str
    size: int

    def pieces(self) -> Iterator[bytes]:
        piece = bytes(MEGABYTE // 4)
        for _ in range(self.size // len(piece)):
            yield piece


def test_a_large_file_is_never_in_memory_and_its_progress_is_told(tmp_path: Path) -> None:
    content = Zeros("large.txt", 96 * MEGABYTE)
    digest = hashlib.sha256()
    for piece in content.pieces():
        digest.update(piece)
    emulator, told = Emulator(str(tmp_path / "emulator.sqlite")), list[str]()
    with served(emulator) as url:
        connection = Connection(f"{url}/v1", {"Authorization": "Bearer k"}, progress=told.append)
        service = PROVIDER.connect(connection)
        assert isinstance(service, Uploader)
        tracemalloc.start()
        try:
            spec = {"name": content.name, "sha256": digest.hexdigest(), "bytes": content.size}
            live = service.upload("File", spec, "abcdefgh", content)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            service.close()
    emulator.close()
    assert live.spec == {"name": "large.txt", "sha256": digest.hexdigest()[:16], "bytes": content.size}
    assert peak < 24 * MEGABYTE
    assert told[-1] == "  large.txt: 96 of 96 MB sent"
    assert len(told) == 10
