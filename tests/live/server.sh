# What the scripts that start a real server share. Sourced by them, with `name` set and with their own arguments:
# `stop [DIR]` ends here; else `root` is DIR (./.NAME-live unless given), which is there then.

say() { printf '[%s] %s\n' "$name" "$*" >&2; }

# stop_server: the one that was started from `root`, if any.
stop_server() {
  local pid
  pid=$(cat "$root/server.pid" 2>/dev/null) || return 0
  if kill -0 "$pid" 2>/dev/null; then
    kill "$pid"
    for _ in $(seq 1 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
    if kill -0 "$pid" 2>/dev/null; then kill -9 "$pid"; fi
  fi
  rm -f "$root/server.pid"
}

# need_free PORT: nobody else listens there.
need_free() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then say "port $1 is taken"; exit 1; fi
}

# await URL: until the server whose process was started last answers there; its log if it ends before.
await() {
  echo $! >"$root/server.pid"
  for _ in $(seq 1 600); do
    if curl -fs -o /dev/null "$1"; then return; fi
    kill -0 "$(cat "$root/server.pid")" 2>/dev/null || { tail -20 "$root/server.log" >&2; exit 1; }
    sleep 0.5
  done
  say "no answer from $1"
  exit 1
}

if [[ ${1:-} == stop ]]; then
  root=$(realpath -m "${2:-.$name-live}")
  stop_server
  exit 0
fi
mkdir -p "${1:-.$name-live}"
root=$(realpath "${1:-.$name-live}")
