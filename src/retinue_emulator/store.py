"""JSON objects by kind in SQLite, in a total order. Knows nothing of any API."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import dumps, loads
from pathlib import Path
from typing import Any, Literal

_MEMORY = ":memory:"
_BUSY_SECONDS = 30.0
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a pair: JSON may name it by an escape, UTF-8 cannot hold it."""
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS objects (
         sequence INTEGER PRIMARY KEY AUTOINCREMENT,
         kind TEXT NOT NULL,
         id TEXT NOT NULL,
         created_at INTEGER NOT NULL,
         body TEXT NOT NULL,
         UNIQUE (kind, id)
       )""",
    "CREATE INDEX IF NOT EXISTS in_order ON objects (kind, created_at, sequence)",
    """CREATE TABLE IF NOT EXISTS pieces (
         id TEXT NOT NULL,
         number INTEGER NOT NULL,
         data BLOB NOT NULL,
         PRIMARY KEY (id, number)
       )""",
)

Row = tuple[str, str]
"""(id, JSON text of the object)."""

Tie = Literal["sequence", "id"]
"""The column that orders objects of one second."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: at most `limit` objects, after one id or before another; `before` alone: just before it."""

    limit: int
    newest_first: bool = False
    after: str | None = None
    before: str | None = None

    @property
    def backward(self) -> bool:
        return self.before is not None and self.after is None


def storable(text: str) -> str:
    """The same JSON with each half of a surrogate pair as an escape."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Store:
    """Objects are kept as JSON text, so that a page is joined and never decoded. Safe for many threads and processes.

    Every write is committed before its method returns, and survives a killed process. `path` is a file, whose folders
    are made, or `:memory:`. Times are whole seconds since 1970.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._closed = False
        self._local = threading.local()
        # One lock for the writers of this process: waiting on SQLite's own lock means to poll it.
        self._lock = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        if path != _MEMORY:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with self._connection() as connection:
                _use_wal(connection)
        with self.transaction():
            for statement in _SCHEMA:
                self._local.connection.execute(statement)

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("the store is closed")
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        # With WAL this loses nothing when the process dies; only a power cut may cost the last moments.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses meanwhile: the one of this thread's transaction, or any idle one."""
        inner = getattr(self._local, "connection", None)
        if inner is not None:
            yield inner
        elif self._path == _MEMORY:
            with self._lock:
                yield from self._borrowed()
        else:
            yield from self._borrowed()

    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._open()
        try:
            yield connection
        finally:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Reads and writes inside are one step for every other thread and process."""
        if getattr(self._local, "connection", None) is not None:
            yield
            return
        with self._lock, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._local.connection = connection
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._local.connection = None

    def put(self, kind: str, key: str, created_at: int, body: str) -> None:
        """Insert, or replace the object with this id; a replaced one keeps its place among equal times."""
        self._write(
            "INSERT INTO objects (kind, id, created_at, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, created_at = excluded.created_at",
            (kind, key, created_at, storable(body)),
        )

    def get(self, kind: str, key: str) -> str | None:
        rows = self._all("SELECT id, body FROM objects WHERE kind = ? AND id = ?", (kind, key))
        return rows[0][1] if rows else None

    def read(self, kind: str, key: str) -> dict[str, Any] | None:
        """As `get`, decoded."""
        text = self.get(kind, key)
        return None if text is None else loads(text)

    def save(self, kind: str, raw: Mapping[str, Any]) -> None:
        """Put an object under the id and the time that it states."""
        self.put(kind, raw["id"], raw["created_at"], dumps(raw, ensure_ascii=False))

    def delete(self, kind: str, key: str) -> bool:
        """True if there was something to delete."""
        return self._write("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, key)) > 0

    def clear(self) -> None:
        with self.transaction():
            self._write("DELETE FROM objects", ())
            self._write("DELETE FROM pieces", ())

    def texts(self, kind: str) -> list[Row]:
        """Every object of a kind, in order of creation."""
        return self._all("SELECT id, body FROM objects WHERE kind = ? ORDER BY created_at, sequence", (kind,))

    def everything(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """As `texts`, decoded."""
        return [(key, loads(text)) for key, text in self.texts(kind)]

    def kinds(self, prefix: str) -> list[str]:
        """The kinds in use whose name begins with `prefix`."""
        query = "SELECT DISTINCT kind, '' FROM objects WHERE substr(kind, 1, ?) = ?"
        return sorted(kind for kind, _ in self._all(query, (len(prefix), prefix)))

    def add_content(self, key: str, number: int, data: bytes) -> None:
        """One piece of a file's bytes; pieces are counted from 0."""
        self._write("INSERT INTO pieces (id, number, data) VALUES (?, ?, ?)", (key, number, data))

    def content(self, key: str) -> bytes:
        with self._connection() as connection:
            rows = connection.execute("SELECT data FROM pieces WHERE id = ? ORDER BY number", (key,))
            return b"".join(data for (data,) in rows)

    def delete_content(self, key: str) -> None:
        self._write("DELETE FROM pieces WHERE id = ?", (key,))

    def count(self, kind: str) -> int:
        with self._connection() as connection:
            return int(connection.execute("SELECT count(*) FROM objects WHERE kind = ?", (kind,)).fetchone()[0])

    def page(
        self, kind: str, window: Window, *, hidden: Collection[str] = (), ties: Tie = "sequence"
    ) -> tuple[list[Row], bool]:
        """The rows in a window without the `hidden` ids, and whether more follow in the direction of reading.

        Order: (created_at, `ties`), where a sequence is the order of creation. Raises KeyError with a cursor that names
        no object.
        """
        limit, newest_first = window.limit, window.newest_first
        conditions: list[str] = ["kind = ?"]
        values: list[str | int] = [kind]
        if hidden:
            conditions.append("id NOT IN (SELECT value FROM json_each(?))")
            values.append(dumps(sorted(hidden)))
        forth, back = ("<", ">") if newest_first else (">", "<")
        for cursor, sign in ((window.after, forth), (window.before, back)):
            if cursor is not None:
                conditions.append(f"(created_at, {ties}) {sign} (?, ?)")
                values += self._position(kind, cursor, ties)
        order = "DESC" if newest_first != window.backward else "ASC"
        rows = self._all(
            # The conditions and the order are words from above; what a request says is bound.
            f"SELECT id, body FROM objects WHERE {' AND '.join(conditions)}"  # noqa: S608
            f" ORDER BY created_at {order}, {ties} {order} LIMIT ?",
            (*values, limit + 1),
        )
        page, more = rows[:limit], len(rows) > limit
        return page[::-1] if window.backward else page, more

    def _position(self, kind: str, key: str, ties: Tie) -> tuple[int, int | str]:
        query = f"SELECT created_at, {ties} FROM objects WHERE kind = ? AND id = ?"  # noqa: S608 - `ties` is a Tie
        with self._connection() as connection:
            found: tuple[int, int | str] | None = connection.execute(query, (kind, key)).fetchone()
        if found is None:
            raise KeyError(key)
        return found

    def _all(self, query: str, values: tuple[str | int, ...]) -> list[Row]:
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    def _write(self, statement: str, values: tuple[str | int | bytes, ...]) -> int:
        with self.transaction():
            return int(self._local.connection.execute(statement, values).rowcount)

    def close(self) -> None:
        """No further use; connections that are busy in other threads close when they are done."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()


def _use_wal(connection: sqlite3.Connection) -> None:
    """The busy timeout does not cover this statement, so processes that open one new file at once must try again."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
