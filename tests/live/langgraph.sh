#!/usr/bin/env bash
# A real, throw-away LangGraph server for `pytest -m live_langgraph`: no key, no database, packages from PyPI only.
#
#   tests/live/langgraph.sh [DIR]        install into DIR if needed (200 MB, 1 to 3 minutes, once), start, print its address
#   tests/live/langgraph.sh stop [DIR]   stop the server that was started from DIR
#
# DIR is ./.langgraph-live unless given. Environment, all optional: LANGGRAPH_CLI_VERSION (0.4.40), LANGGRAPH_API_VERSION
# (0.16.7), PORT (18400), PYTHON (python3; 3.11 or newer). Each start is a new world: what the server kept is deleted.
# Exit code 75: the packages cannot be installed here. stdout is LANGGRAPH_URL=…, to `export`.
# The packages are under the Elastic License 2.0: tests run them, nothing of retinue needs them.
set -euo pipefail

name=langgraph
source "$(dirname "$0")/server.sh"

cli=${LANGGRAPH_CLI_VERSION:-0.4.40}
api=${LANGGRAPH_API_VERSION:-0.16.7}
port=${PORT:-18400}
url=http://127.0.0.1:$port

# 1. An environment of its own.
if [[ ! -f $root/venv/.installed ]]; then
  say "installing langgraph-cli[inmem]==$cli"
  rm -rf "$root/venv"
  "${PYTHON:-python3}" -m venv "$root/venv"
  "$root/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    "langgraph-cli[inmem]==$cli" "langgraph-api==$api" >&2 || { say "the packages cannot be installed"; exit 75; }
  touch "$root/venv/.installed"
fi

# 2. A fresh folder with two graphs: their assistants differ by context only. A run answers what it was given of that.
stop_server
rm -rf "$root/app"
mkdir "$root/app"
cat >"$root/app/graph.py" <<'PY'
"""Graphs that answer what they are given, from both places: one declares its context, one does not."""
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from typing_extensions import TypedDict


class Context(TypedDict, total=False):
    model: str
    system_prompt: str
    temperature: float
    top_p: float
    reasoning_effort: str
    prompt: str
    tone: str


class State(TypedDict, total=False):
    in_context: str
    in_configurable: str


def answer(state: State, config: RunnableConfig, runtime: Runtime[Context]) -> State:
    context = runtime.context or {}
    return {
        "in_context": context.get("system_prompt", ""),
        "in_configurable": config["configurable"].get("system_prompt", ""),
    }


def built(context: type | None):
    graph = StateGraph(State, context_schema=context).add_node("answer", answer)
    return graph.add_edge(START, "answer").add_edge("answer", END).compile()


agent, plain = built(Context), built(None)
PY
echo '{"dependencies": ["."], "graphs": {"agent": "./graph.py:agent", "plain": "./graph.py:plain"}}' \
  >"$root/app/langgraph.json"

# 3. Start; nothing is traced and nothing is reported anywhere.
need_free "$port"
(
  cd "$root/app"
  unset LANGSMITH_API_KEY LANGCHAIN_API_KEY LANGGRAPH_API_KEY
  export HOME="$root" LANGSMITH_TRACING=false LANGCHAIN_TRACING_V2=false LANGGRAPH_CLI_NO_ANALYTICS=1
  exec nohup "$root/venv/bin/langgraph" dev --no-browser --no-reload --host 127.0.0.1 --port "$port" \
    >"$root/server.log" 2>&1 </dev/null
) &
await "$url/ok"
say "answering: $(curl -fs "$url/info" | head -c 60)…"
echo "LANGGRAPH_URL=$url"
