"""All that the author of a provider needs, from one place. docs/providers/writing-one.md goes through it."""

from __future__ import annotations

from typing import Any

from .core.errors import ApiGone as ApiGone
from .core.errors import AuthError as AuthError
from .core.errors import HeldBack as HeldBack
from .core.errors import Incomplete as Incomplete
from .core.errors import NotFound as NotFound
from .core.errors import Rejected as Rejected
from .core.errors import RetinueError as RetinueError
from .core.errors import ServiceError as ServiceError
from .core.errors import StaleError as StaleError
from .core.errors import UnknownOutcome as UnknownOutcome
from .core.marker import ADDRESS_KEY as ADDRESS_KEY
from .core.marker import APPLIED_KEY as APPLIED_KEY
from .core.model import Change as Change
from .core.model import Desired as Desired
from .core.model import Diagnostic as Diagnostic
from .core.model import Export as Export
from .core.model import Json as Json
from .core.model import Kind as Kind
from .core.model import Live as Live
from .core.model import Note as Note
from .core.model import Obstacle as Obstacle
from .core.model import Severity as Severity
from .core.model import Split as Split
from .core.problem import Fault as Fault
from .core.problem import Problem as Problem
from .providers.assistants_v2 import ASSISTANT as ASSISTANT
from .providers.base import Auth as Auth
from .providers.base import ByKind as ByKind
from .providers.base import Capabilities as Capabilities
from .providers.base import Configured as Configured
from .providers.base import Content as Content
from .providers.base import Marker as Marker
from .providers.base import Provider as Provider
from .providers.base import Resolved as Resolved
from .providers.base import Service as Service
from .providers.base import Settings as Settings
from .providers.base import Support as Support
from .providers.base import Verbs as Verbs
from .providers.base import Version as Version
from .providers.kinds import by_name as by_name
from .providers.kinds import schema_beside as schema_beside
from .providers.losses import LOSS as LOSS
from .providers.paged import Page as Page
from .providers.paged import below as below
from .providers.paged import walked as walked
from .providers.rest import Objects as Objects
from .providers.rest import RestProvider as RestProvider
from .providers.wire import Answer as Answer
from .providers.wire import Connection as Connection
from .providers.wire import Verb as Verb
from .providers.wire import Verdict as Verdict
from .schema import kind_of as kind_of


def __getattr__(name: str) -> Any:
    """`Http` and `in_process` bring the HTTP library along, so they are loaded when they are asked for."""
    from .providers import http

    if name in ("Http", "in_process"):
        return getattr(http, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
