"""All that the author of a provider needs, from one place. docs/providers/writing-one.md goes through it."""
# ruff: noqa: I001 - several names to a line

from __future__ import annotations

from typing import Any

from .core.errors import ApiGone as ApiGone, AuthError as AuthError, HeldBack as HeldBack, Incomplete as Incomplete
from .core.errors import NotFound as NotFound, Rejected as Rejected, ServiceError as ServiceError
from .core.errors import UnknownOutcome as UnknownOutcome
from .core.marker import ADDRESS_KEY as ADDRESS_KEY, APPLIED_KEY as APPLIED_KEY
from .core.model import Change as Change, Desired as Desired, Diagnostic as Diagnostic, Export as Export, Json as Json
from .core.model import Kind as Kind, Live as Live, Obstacle as Obstacle, Severity as Severity
from .core.model import Serving as Serving, Split as Split
from .core.problem import Fault as Fault, Problem as Problem
from .providers.assistants_v2 import ASSISTANT as ASSISTANT
from .providers.base import Auth as Auth, ByKind as ByKind, Capabilities as Capabilities, Configured as Configured
from .providers.base import Content as Content, Marker as Marker, Provider as Provider, Resolved as Resolved
from .providers.base import Service as Service, Settings as Settings, Support as Support, Version as Version
from .providers.losses import LOSS as LOSS
from .providers.paged import Page as Page, asking as asking, below as below, by_token as by_token, walked as walked
from .providers.rest import Objects as Objects, RestProvider as RestProvider
from .providers.wire import Answer as Answer, Connection as Connection, Verb as Verb, Verdict as Verdict
from .providers.wire import by_status as by_status
from .schema import by_name as by_name, kind_of as kind_of, schema_beside as schema_beside


def __getattr__(name: str) -> Any:
    """`Http` and `in_process` bring the HTTP library along, so they are loaded when they are asked for."""
    from .providers import http

    if name in ("Http", "in_process"):
        return getattr(http, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
