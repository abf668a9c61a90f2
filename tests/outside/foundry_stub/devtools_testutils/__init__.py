"""Stands in for the helpers that the tests of azure-ai-projects import and no package carries: no proxy, no recordings.

`FOUNDRY_ENDPOINT` says where the service is. Runs in the environment of that SDK, and allows tokens over plain http.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable
from typing import Any

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import _authentication, _authentication_async

_authentication._enforce_https = _authentication_async._enforce_https = lambda request: None
Test = Callable[..., Any]


class _Credential:
    def get_token(self, *scopes: str, **options: Any) -> Any:
        return AccessToken("token-outside", int(time.time()) + 3600)


class _AsyncCredential:
    async def get_token(self, *scopes: str, **options: Any) -> Any:
        return _Credential().get_token()

    async def close(self) -> None:
        """There is nothing to close."""


class AzureRecordedTestCase:
    def get_credential(self, client: Any, is_async: bool = False) -> Any:
        return _AsyncCredential() if is_async else _Credential()


class EnvironmentVariableLoader:
    """A decorator of a test method: hands it the values, with our endpoint."""

    def __init__(self, directory: str, **values: str) -> None:
        self._values = {**values, "foundry_project_endpoint": os.environ["FOUNDRY_ENDPOINT"]}

    def __call__(self, test: Test) -> Test:
        def run(case: Any) -> Any:
            return test(case, **self._values)

        async def run_async(case: Any) -> Any:
            return await test(case, **self._values)

        found: Test = run_async if inspect.iscoroutinefunction(test) else run
        found.__name__ = test.__name__
        return found


class RecordedTransport:
    AZURE_CORE = HTTPX = HTTPX2 = None


def recorded_by_proxy(*transports: object) -> Callable[[Test], Test]:
    return lambda test: test


def is_live() -> bool:
    return False
