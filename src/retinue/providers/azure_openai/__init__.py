"""Provider `azure-openai`: assistants of an Azure OpenAI resource, and of a Foundry project (classic agents).

Source of the facts: Azure's published definitions and reference; `versions.py` says what each version holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from ...core.model import Change, Diagnostic, Json, Live, Obstacle, Severity
from ...schema import by_name, schema_beside
from ..assistants_v2 import ASSISTANT, FILE, KINDS, VECTOR_STORE
from ..base import Auth, Capabilities, Configured, Provider, Service, Settings, Support
from ..lenient import mappings, text
from ..openai_assistants import PROVIDER as OPENAI
from ..openai_assistants import AssistantVerbs, FamilyService, Form
from ..openai_files import FILE_FIELDS, FileVerbs
from ..vector_stores import STORE_FIELDS, StoreVerbs
from ..wire import Connection
from .checks import assistant_problems, store_problems
from .forms import Foundry, Modern, WithFileIds, is_extra
from .identity import FOUNDRY_SCOPE, RESOURCE_SCOPE, token, two_ways
from .service import FileIdsVerbs, classify
from .versions import DEFAULT, FOUNDRY_VERSIONS, MOST_IN_BATCH, NEWEST, Part, Version, complaint, is_foundry

_GONE = (
    "Azure retired the Assistants API of its OpenAI resources on 2026-08-26. The same assistants can live in a Foundry"
    " project until 2027-03-31 (`endpoint: https://NAME.services.ai.azure.com/api/projects/NAME`), and in `emulator`."
)
_GONE_FOUNDRY = (
    "Check `endpoint`: it is the project's, https://NAME.services.ai.azure.com/api/projects/NAME. Foundry's classic"
    " agents retire on 2027-03-31."
)


class AzureProvider(Provider):
    """The record and the pure checks, bound to one version of the API."""

    name = "azure-openai"
    service = FamilyService
    title = "Azure OpenAI Assistants (2024-02-15-preview and later), and Foundry's classic agents"

    def __init__(self, version: Version | None = None, *, uses_entra: bool = False) -> None:
        self.version = version or Version()
        self.capabilities = _record(self.version)
        self.checks = {
            ASSISTANT.name: partial(assistant_problems, self.version),
            VECTOR_STORE.name: partial(store_problems, self.version),
        }
        self._uses_entra = uses_entra

    def configured(self, settings: Settings) -> Configured:
        stated = settings.values.get("api_version")
        foundry = is_foundry(settings.endpoint, stated)
        name = stated or (FOUNDRY_VERSIONS[0] if foundry else DEFAULT)
        wrong = complaint(name, foundry)
        entra = "entra" in settings.values
        problems = [*_endpoint_problems(settings.endpoint)]
        if wrong is not None:
            problems.append(Diagnostic("azure-api-version", *wrong, path="/api_version" if stated else "/endpoint"))
        problems += two_ways(settings)
        if foundry and "://" in settings.endpoint:
            message = "Foundry's classic agents, which this environment uses, retire on 2027-03-31"
            what = "Plan where these assistants will live then"
            remedy = f"{what}: the same manifests apply to every provider of `retinue providers`."
            found = Diagnostic("azure-retirement", message, remedy, path="/endpoint", severity=Severity.WARNING)
            problems.append(found)
        if wrong is not None:
            name = FOUNDRY_VERSIONS[0] if foundry else NEWEST  # so that a slip in this line causes no other message
        version = Version(name, foundry)
        return Configured(AzureProvider(version, uses_entra=entra), tuple(problems))

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        return OPENAI.obstacle(change, live)

    def exported(self, live: Live) -> dict[str, Json]:
        """In the words of a manifest: files at their tool, and no tool that only Foundry has."""
        rest = {key: value for key, value in live.raw.items() if key != "file_ids"}
        return {**rest, **live.spec}

    def kept(self, live: Live) -> Collection[str]:
        tools = mappings(live.raw.get("tools")) if self.version.foundry else ()
        return [text(tool.get("type")) or "a tool without a type" for tool in tools if is_extra(tool)]

    def token(self) -> str | None:
        return token(FOUNDRY_SCOPE if self.version.foundry else RESOURCE_SCOPE) if self._uses_entra else None

    def connect(self, connection: Connection) -> Service:
        base = connection.base_url.rstrip("/")
        if not self.version.foundry:
            base = base.removesuffix("/openai") + "/openai"
        params = {**connection.params, "api-version": self.version.name}
        http = replace(connection, base_url=base, params=params).http(classify)
        has_files, foundry = self.version.has_assistant_files, self.version.foundry
        form = (WithFileIds if has_files else Foundry if foundry else Modern)(self.version)
        verbs, gone = FileIdsVerbs if has_files else AssistantVerbs, _GONE_FOUNDRY if foundry else _GONE
        files = FileVerbs(http, connection.tell)
        stores = StoreVerbs(http, connection, files, attributes=False, most=MOST_IN_BATCH)
        wire = Form(form.read, form.create, form.update)
        return FamilyService(http, verbs(http, wire, gone), files, stores)


def _endpoint_problems(endpoint: str) -> Iterator[Diagnostic]:
    rest = endpoint.rstrip("/")
    if "/openai/deployments" in rest or rest.endswith("/openai/v1"):
        part = "/openai/v1" if rest.endswith("/openai/v1") else "/openai/deployments"
        address = "It is the resource's own address, https://NAME.openai.azure.com"
        remedy = f"{address}; the model in a manifest names the deployment."
        yield Diagnostic("azure-endpoint", f"the endpoint goes on with {part}", remedy, path="/endpoint")
    if rest.endswith("/api/projects"):
        remedy = "It ends in the project's name: https://NAME.services.ai.azure.com/api/projects/NAME."
        yield Diagnostic("azure-endpoint", "the endpoint names no project", remedy, path="/endpoint")


def _record(version: Version) -> Capabilities:
    # Azure's stores have no attributes on their files.
    files = (Support.NATIVE, f"in batches of at most {MOST_IN_BATCH}")
    fields = {
        ASSISTANT.name: _fields(version),
        VECTOR_STORE.name: {**STORE_FIELDS, "files": files},
        FILE.name: FILE_FIELDS,
    }
    kinds, compound = KINDS, OPENAI.capabilities.compound
    if version.has_assistant_files:
        # These may have to be attached one by one, after the assistant is made.
        kinds, compound = by_name(ASSISTANT, FILE), {ASSISTANT.name: frozenset({"tool_resources"})}
    return replace(
        OPENAI.capabilities,
        kinds=kinds,
        compound=compound,
        unreadable={},
        account="",
        fields={name: fields[name] for name in kinds},
        base="",
        key_variable="AZURE_OPENAI_API_KEY",
        settings=schema_beside(__package__, "settings"),
        auth=Auth() if version.foundry else Auth("api-key", "", frozenset({"command"})),
    )


def _fields(version: Version) -> dict[str, tuple[Support, str]]:
    """By field, how well this version holds it."""
    most = f"at most {version.longest_instructions:,} characters"
    notes = {"model": "the deployment's name", "instructions": most}
    if not version.foundry:
        notes["tools"] = "a function needs its description"
    if version.has_assistant_files:
        notes |= {
            "tools": "code_interpreter and function",
            "tool_resources": "the files of code_interpreter (`file_ids`)",
        }
    parts = (Part.TEMPERATURE, Part.TOP_P, Part.RESPONSE_FORMAT, Part.EFFORT)
    notes |= {part.value: version.origin(part) for part in parts}
    found = {name: (Support.NATIVE, notes.get(name, "")) for name in OPENAI.capabilities.fields[ASSISTANT.name]}
    lacks = (part for part in parts if not version.holds(part))
    return found | {part.value: (Support.UNSUPPORTED, version.lack(part)) for part in lacks}


PROVIDER = AzureProvider()
