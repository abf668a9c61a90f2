"""What can go wrong, as one tree; the command line maps each leaf to its exit code in one function.

RetinueError
├── UsageError             wrong usage: a flag, a file that is not what it should be        3
├── InvalidManifests       the project file or the manifests, with every diagnostic         3
├── AuthError              a credential is missing, refused or lacks a permission           4
├── StaleError             the plan is stale, or a live object moved                        6
├── NewerMarker            a newer retinue wrote the marker of an object of ours            1
└── ServiceError           the service
    ├── Unreachable        it cannot be reached, or keeps failing                           9
    │   └── NotSent        the run was stopped, or its time was up, before the request       9
    ├── ApiGone            it answers, but this API is no longer there                      9
    ├── Rejected           it refused the request; repeating cannot help                    1
    │   └── Conflict       the object was changed since it was read; a step ends as stale   1
    ├── NotFound           the object is not there                                          1
    ├── NoMarker           it does not keep the marker: nothing more may be created         1
    ├── Unrecorded         a write happened, but not the note of what the service made of it 1
    │   └── Incomplete     a write happened, but not all of what it was for                  8
    └── UnknownOutcome     a write may or may not have happened                             1
        └── HeldBack       it was answered with a request to wait, which is over now        1
"""

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
    pass


class InvalidManifests(RetinueError):
    """All errors of a run at once."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(f"{len(diagnostics)} problem(s) in the project")
        self.diagnostics = tuple(diagnostics)


class AuthError(RetinueError):
    failure = "auth"


class StaleError(RetinueError):
    failure = "stale"


class NewerMarker(RetinueError):
    pass


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
    failure = "unreachable"


class NotSent(Unreachable):
    """Nothing happened."""


class ApiGone(ServiceError):
    failure = "unreachable"


class Rejected(ServiceError):
    pass


class Conflict(Rejected):
    """The writer of a lost answer meets it too, when the request is repeated."""

    failure = "stale"


class NotFound(ServiceError):
    pass


class NoMarker(ServiceError):
    failure = "no-marker"


class Unrecorded(ServiceError):
    """`remote_id`: the object that was written."""

    def __init__(self, message: str, remedy: str | None = None, *, remote_id: str | None = None) -> None:
        super().__init__(message, remedy)
        self.remote_id = remote_id


class Incomplete(Unrecorded):
    """Part of the step is done, and the next plan has the rest."""

    failure = "partial"


class UnknownOutcome(ServiceError):
    pass


class HeldBack(UnknownOutcome):
    """Most likely nothing happened; but a gateway may say this of a create that went through behind it."""
