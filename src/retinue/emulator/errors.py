"""A refusal, before a dialect puts it into its envelope."""

from __future__ import annotations


class ApiError(Exception):
    """HTTP `status`, `message`, and what the OpenAI API calls `type`, `param` and `code` (API reference, errors)."""

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
        self.code = code
        self.param = param
        self.kind = kind
