"""An answer that refuses, in the envelope of the OpenAI API."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """`{"error": {message, type, param, code}}` with its HTTP status (API reference, error codes)."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": kind, "param": param, "code": code},
        }
