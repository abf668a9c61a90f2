"""JSON objects by kind in SQLite, in a total order. Knows nothing of any API."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
)


class Store:
    """Objects are kept as JSON text, so that a page is joined and never decoded. Safe for many threads and processes.

    Every write is committed before its method returns. `path` is a file or `:memory:`.
    """

    def __init__(self, path: str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        if path != ":memory:":
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
        with self.transaction():
            for statement in _SCHEMA:
                self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Reads and writes inside are one step for every other thread and process."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def put(self, kind: str, key: str, created_at: int, body: str) -> None:
        """Insert, or replace the body of the object with this id."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO objects (kind, id, created_at, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, key, created_at, body),
            )

    def get(self, kind: str, key: str) -> str | None:
        rows = self._all("SELECT id, body FROM objects WHERE kind = ? AND id = ?", (kind, key))
        return rows[0][1] if rows else None

    def delete(self, kind: str, key: str) -> bool:
        """Whether there was something to delete."""
        with self._lock:
            done = self._connection.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, key))
            return done.rowcount > 0

    def clear(self) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM objects")

    def page(
        self, kind: str, limit: int, *, newest_first: bool, after: str | None = None, before: str | None = None
    ) -> tuple[list[tuple[str, str]], bool]:
        """(id, body) of at most `limit` objects and whether more follow. An unknown cursor gives an empty page."""
        order = "DESC" if newest_first else "ASC"
        conditions, values = ["kind = ?"], [kind]
        for cursor, upward in ((after, not newest_first), (before, newest_first)):
            if cursor is not None:
                conditions.append(
                    f"(created_at, sequence) {'>' if upward else '<'}"
                    " (SELECT created_at, sequence FROM objects WHERE kind = ? AND id = ?)"
                )
                values += [kind, cursor]
        rows = self._all(
            f"SELECT id, body FROM objects WHERE {' AND '.join(conditions)}"
            f" ORDER BY created_at {order}, sequence {order} LIMIT ?",
            (*values, limit + 1),
        )
        return rows[:limit], len(rows) > limit

    def _all(self, query: str, values: tuple[str | int, ...]) -> list[tuple[str, str]]:
        with self._lock:
            return list(self._connection.execute(query, values))

    def close(self) -> None:
        with self._lock:
            self._connection.close()
