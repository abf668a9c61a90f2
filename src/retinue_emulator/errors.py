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
        content_type: str = "application/json",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.kind = kind
        self.content_type = content_type
        self.request_id = ""
        """Of the request that is refused; the application tells it."""


class Refused(Exception):
    """A cause in a service's own words, before the failed operation is put in front of it."""
