"""The emulator's dialect answers as a real Flowise 3.1.4 did; tests/live asks the real one the same."""

from __future__ import annotations

from typing import Any

import httpx

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from .exchanges import STEPS, run


def _client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(
        transport=httpx.WSGITransport(app=emulator),
        base_url="http://emulator/api/v1",
        headers={"Authorization": "Bearer key"},
    )


def test_the_emulator_answers_as_the_real_server_did(recorded: str) -> None:
    emulator = Emulator(":memory:")

    def call(method: str, path: str, body: Any) -> tuple[int, str, str]:
        how: dict[str, Any] = {} if body is None else {"json": body}
        if isinstance(body, bytes):
            how = {"content": body, "headers": {"Content-Type": "application/json"}}
        answer = client.request(method, path, **how)
        return answer.status_code, answer.headers["content-type"], answer.text

    with _client(emulator) as client:
        assert run(call) == recorded
    assert recorded.count("\n") == 2 * len(STEPS)
    emulator.close()


def test_keys() -> None:
    emulator = Emulator(":memory:", Behaviour(api_key="good"))
    with httpx.Client(transport=httpx.WSGITransport(app=emulator), base_url="http://emulator/api/v1") as client:
        assert client.get("version").json() == {"version": "3.1.4"}
        for headers in ({}, {"Authorization": "Bearer bad"}):
            refused = client.get("assistants", headers=headers)
            assert (refused.status_code, refused.json()) == (401, {"error": "Unauthorized Access"})
        for key in ("good", "Bearer good"):
            assert client.get("assistants", headers={"Authorization": key}).json() == []
    emulator.close()


def test_a_delete_whose_upstream_fails_has_taken_the_row_away() -> None:
    emulator = Emulator(":memory:")
    credential = emulator.seed({"object": "flowise.credential", "name": "main"})
    key = emulator.seed(
        {"object": "flowise.assistant", "type": "OPENAI", "credential": credential, "details": {"id": "asst_x"}}
    )
    with _client(emulator) as client:
        answer = client.delete(f"assistants/{key}", params={"isDeleteBoth": "false"})
        assert answer.status_code == 500
        assert "Error deleting assistant - 404" in answer.json()["message"]
        assert client.get("assistants").json() == []
    emulator.close()


def test_a_row_whose_credential_is_gone_can_be_neither_changed_nor_deleted() -> None:
    emulator = Emulator(":memory:")
    key = emulator.seed({"object": "flowise.assistant", "type": "OPENAI", "credential": "c", "details": {"id": "a"}})
    with _client(emulator) as client:
        assert "Credential c not found" in client.delete(f"assistants/{key}").text
        assert (
            "Credential c not found" in client.put(f"assistants/{key}", json={"details": "{}", "credential": "c"}).text
        )
        assert len(client.get("assistants").json()) == 1
    emulator.close()


def test_a_credential_never_comes_out() -> None:
    emulator = Emulator(":memory:")
    with _client(emulator) as client:
        made = client.post("credentials", json={"name": "a", "plainDataObj": {"openAIApiKey": "sk-secret-1"}})
        assert "sk-secret-1" not in made.text + client.get("credentials").text
    emulator.close()
