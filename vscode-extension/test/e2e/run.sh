#!/bin/sh
# run.sh FLEETC [FOLDER]: packs the extension, installs it in a real VS Code workbench and drives that with
# Chromium: squiggle, hover, completion, quick fix, rename, graph. Pictures are left in FOLDER/pictures.
# Talks to loopback only; ends what it started.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
fleetc=$(realpath "$1")
folder=$(realpath -m "${2:-$here/../../../build/vscode-e2e}")
extension=$here/../..

sh "$here/install.sh" "$folder"
cd "$extension"
test -d node_modules || npm ci --no-audit --no-fund --loglevel=error
npm run --silent vsix

space=$(mktemp -d)
server=
cleanup() {
  test -z "$server" || pkill -TERM -s "$server" 2>/dev/null || true
  rm -rf "$space"
}
trap cleanup EXIT INT TERM
mkdir -p "$space/home" "$space/work" "$space/user/User" "$folder/pictures"
cp "$here/demo.fleet" "$space/work/demo.fleet"
printf '{"fleetc.path": "%s", "workbench.startupEditor": "none", "editor.minimap.enabled": false}\n' "$fleetc" \
  >"$space/user/User/settings.json"

code() {
  env -i PATH="$PATH" HOME="$space/home" LANG=C.UTF-8 \
    node "$folder/node_modules/code-server/out/node/entry.js" \
    --user-data-dir "$space/user" --extensions-dir "$space/extensions" "$@"
}
code --install-extension "$extension/dist/fleetc.vsix"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
setsid env -i PATH="$PATH" HOME="$space/home" LANG=C.UTF-8 \
  node "$folder/node_modules/code-server/out/node/entry.js" \
  --user-data-dir "$space/user" --extensions-dir "$space/extensions" --bind-addr "127.0.0.1:$port" \
  --auth none --disable-telemetry --disable-update-check --disable-workspace-trust \
  --disable-getting-started-override >"$space/server.log" 2>&1 &
server=$!
NODE_PATH=$folder/node_modules PICTURES=$folder/pictures \
  node "$here/workbench.cjs" "http://127.0.0.1:$port/?folder=$space/work" "$space/work/demo.fleet"
