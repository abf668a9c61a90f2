#!/usr/bin/env bash
# A real, throw-away Flowise for `pytest -m live_flowise`: SQLite, one owner, two API keys, npm packages only.
#
#   tests/live/flowise.sh [DIR]        install into DIR if needed (7 to 20 minutes, 3 GB, once), start, print access data
#   tests/live/flowise.sh stop [DIR]   stop the server that was started from DIR
#
# DIR is ./.flowise-live unless given. Environment, all optional: FLOWISE_VERSION (3.1.4), NODE_MAJOR (24), PORT (18300),
# NODE_HEADERS (a prefix that holds include/node; any Node from 18 on, because the module speaks Node-API).
# The server looks for OpenAI at port 18301 of this machine, where the tests put retinue's emulator.
# stdout is FLOWISE_URL=…, FLOWISE_API_KEY=… and FLOWISE_ROWS_KEY=… (no chatflows), one a line, to `export`.
set -euo pipefail

name=flowise
source "$(dirname "$0")/server.sh"

version=${FLOWISE_VERSION:-3.1.4}
major=${NODE_MAJOR:-24}
port=${PORT:-18300}
url=http://127.0.0.1:$port
email=owner@example.com
password='Local-only-1!'
rows='"assistants:view","assistants:create","assistants:update","assistants:delete","credentials:view",
  "credentials:create","credentials:update","credentials:delete"'
flows='"chatflows:view","chatflows:create","chatflows:update","chatflows:delete"'
npm_quiet=(--ignore-scripts --no-audit --no-fund --loglevel=error)

# 1. Node of the wanted major: the package of each platform carries the binary and runs no script.
case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) say "unsupported machine $(uname -m)"; exit 1 ;;
esac
if [[ ! -x $root/node/node_modules/node-linux-$arch/bin/node ]]; then
  mkdir -p "$root/node"
  echo '{"private":true}' >"$root/node/package.json"
  npm install --prefix "$root/node" "node-linux-$arch@$major" "${npm_quiet[@]}" >&2
fi
headers=${NODE_HEADERS:-}
for prefix in "$(dirname "$(dirname "$(command -v node)")")" /usr /usr/local; do
  if [[ -z $headers && -f $prefix/include/node/node_api.h ]]; then headers=$prefix; fi
done
export PATH="$root/node/node_modules/node-linux-$arch/bin:$PATH"

# 2. Flowise without any install script: no browsers, no prebuilt binaries from elsewhere.
if [[ ! -f $root/app/.installed ]]; then
  mkdir -p "$root/app"
  echo '{"private":true}' >"$root/app/package.json"
  say "installing flowise@$version"
  npm install --prefix "$root/app" "flowise@$version" "${npm_quiet[@]}" >&2
  touch "$root/app/.installed"
fi

# 3. The one native module that matters, compiled here.
if [[ ! -f $root/app/node_modules/sqlite3/build/Release/node_sqlite3.node ]]; then
  [[ -n $headers ]] || { say "no Node headers found; set NODE_HEADERS"; exit 1; }
  say "compiling sqlite3"
  (cd "$root/app/node_modules/sqlite3" && CFLAGS='-O1 -w' CXXFLAGS='-O1 -w' JOBS=max \
    node ../node-gyp/bin/node-gyp.js rebuild --nodedir="$headers" --release >"$root/sqlite3-build.log" 2>&1) ||
    { say "sqlite3 does not compile, see sqlite3-build.log"; exit 1; }
fi

# 4. Start. Data and secrets stay below DIR; without NODE_ENV a session works over plain http.
stop_server
mkdir -p "$root/data"
need_free "$port"
(
  cd "$root/app"
  unset NODE_ENV
  export HOME="$root/data" HOST=127.0.0.1 PORT="$port" APP_URL="$url" DATABASE_TYPE=sqlite DATABASE_PATH="$root/data" \
    SECRETKEY_PATH="$root/data" FLOWISE_SECRETKEY_OVERWRITE=local-only LOG_PATH="$root/data/logs" \
    BLOB_STORAGE_PATH="$root/data/storage" DISABLE_FLOWISE_TELEMETRY=true SECURE_COOKIES=false \
    OPENAI_BASE_URL=http://127.0.0.1:18301/v1
  exec nohup node node_modules/flowise/bin/run start >"$root/server.log" 2>&1 </dev/null
) &
await "$url/api/v1/ping"
say "answering: $(curl -fs "$url/api/v1/version")"

# 5. Owner (first start only), session, API keys: one with and one without the permission for chatflows.
json=(-H 'content-type: application/json')
if curl -fs "${json[@]}" -d '{}' "$url/api/v1/auth/resolve" | grep -q organization-setup; then
  curl -fs -o /dev/null "${json[@]}" "$url/api/v1/account/register" \
    -d "{\"user\":{\"name\":\"Owner\",\"email\":\"$email\",\"credential\":\"$password\"}}"
fi
# key FILE NAME PERMISSIONS: one of that name, made once.
key() {
  [[ -s $1 ]] && return
  curl -fs -b "$jar" "${json[@]}" -H 'x-request-from: internal' "$url/api/v1/apikey" \
    -d "{\"keyName\":\"$2\",\"permissions\":[$3]}" |
    python3 -c 'import json, sys; print(next(k["apiKey"] for k in json.load(sys.stdin) if k["keyName"] == sys.argv[1]))' \
      "$2" >"$1"
}
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT
curl -fs -o /dev/null -c "$jar" "${json[@]}" "$url/api/v1/auth/login" -d "{\"email\":\"$email\",\"password\":\"$password\"}"
umask 077
key "$root/full-key" retinue-full "$rows,$flows"
key "$root/rows-key" retinue-rows "$rows"
curl -fs -o /dev/null -H "Authorization: Bearer $(cat "$root/full-key")" "$url/api/v1/chatflows?type=ASSISTANT"
echo "FLOWISE_URL=$url"
echo "FLOWISE_API_KEY=$(cat "$root/full-key")"
echo "FLOWISE_ROWS_KEY=$(cat "$root/rows-key")"
