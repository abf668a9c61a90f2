"""A token of Microsoft Entra ID for whoever this machine is signed in as. Needs the extra `azure`, only when used."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import AuthError, UsageError
from ...core.model import Diagnostic
from ..base import Settings

RESOURCE_SCOPE, FOUNDRY_SCOPE = "https://cognitiveservices.azure.com/.default", "https://ai.azure.com/.default"


def two_ways(settings: Settings) -> Iterator[Diagnostic]:
    if "entra" in settings.values and settings.has_key:
        message, remedy = "`api_key` and `entra` are two ways to sign in", "Keep one of them."
        yield Diagnostic("azure-two-keys", message, remedy, path="/entra")


def token(scope: str) -> str:
    """Raises UsageError without the package, AuthError without a sign-in."""
    try:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        remedy = "Install azure-identity into the environment that retinue runs in, or retinue with its extra `azure`."
        raise UsageError("`entra: default` needs the package azure-identity, which is not installed", remedy) from error
    try:
        with DefaultAzureCredential() as credential:
            found: str = credential.get_token(scope).token
    except ClientAuthenticationError as error:
        first, *_ = str(error).splitlines() or [type(error).__name__]
        remedy = "Sign in first (az login), or give this machine an identity."
        raise AuthError(f"Entra gives no token: {first}", remedy) from error
    return found
