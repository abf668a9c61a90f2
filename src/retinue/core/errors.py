"""The errors that a run can end in, as one tree. `failure` says of each what the exit code of a run makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from .model import Diagnostic


class RetinueError(Exception):
    """A problem with a message for people and, where there is one, what to do about it.

    `failure`: its class in the outcome of a step, which the exit code of an apply depends on.
    """

    failure = "error"

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(RetinueError):
    """Wrong usage: a flag, or a file that is not what it should be."""


class InvalidManifests(RetinueError):
    """The project file or the manifests are wrong: all problems of a run at once."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(f"{len(diagnostics)} problem(s) in the project")
        self.diagnostics = tuple(diagnostics)


class AuthError(RetinueError):
    """A credential is missing, refused or lacks a permission."""

    failure = "auth"


class StaleError(RetinueError):
    """The plan is stale, or a live object moved."""

    failure = "stale"


class Frozen(RetinueError):
    """`freeze` of the environment stops every write for now."""

    failure = "blocked"


class NewerMarker(RetinueError):
    """A newer retinue wrote the marker of an object of ours."""


class ServiceError(RetinueError):
    """`status` is the HTTP status if there was an answer; `code` and `param` are the service's own words.

    `after_loss`: an earlier try of the same write may have happened.
    """

    after_loss = False

    def __init__(
        self,
        message: str,
        remedy: str | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.code = code
        self.param = param


class Unreachable(ServiceError):
    """The service cannot be reached, or keeps failing."""

    failure = "unreachable"


class NotSent(Unreachable):
    """The run was stopped, or its time was up, before the request: nothing happened."""


class ApiGone(ServiceError):
    """The service answers, but it no longer has this API."""

    failure = "unreachable"


class Rejected(ServiceError):
    """The service refused the request; repeating cannot help."""


class Conflict(Rejected):
    """The object was changed since it was read. The writer of a lost answer meets it too, when it is repeated."""

    failure = "stale"


class NotFound(ServiceError):
    """The object is not there."""


class NoMarker(ServiceError):
    """The service does not keep the marker: nothing more may be created."""

    failure = "no-marker"


class Unrecorded(ServiceError):
    """A write of the object `remote_id` happened, but not the note of what the service made of it."""

    def __init__(self, message: str, remedy: str | None = None, *, remote_id: str | None = None) -> None:
        super().__init__(message, remedy)
        self.remote_id = remote_id


class Incomplete(Unrecorded):
    """A write happened, but not all of what it was for: the next plan has the rest."""

    failure = "partial"


class UnknownOutcome(ServiceError):
    """A write may or may not have happened."""


class HeldBack(UnknownOutcome):
    """It was answered with a request to wait, which is over now.

    Most likely nothing happened; but a gateway may say this of a create that went through behind it.
    """
