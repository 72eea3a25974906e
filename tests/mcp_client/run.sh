#!/bin/sh
# A session whose agent is the MCP project's own client (from npm), against `fleetc mcp`. Not part of CI: it downloads
# some 20 MB.
#   tests/mcp_client/run.sh build/dev/fleetc
set -eu
fleetc=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
space=$(mktemp -d)
trap 'rm -rf "$space"' EXIT
mkdir "$space/client" "$space/home" "$space/repo"
cp "$here/client.mjs" "$space/client"
npm install --silent --no-audit --no-fund --prefix "$space/client" @modelcontextprotocol/sdk

cd "$space/repo"
cat >t.fleet <<END
fleet t v1 {
  repo = git(".", base: main)
  runtime client {
    adapter = shell
    command = "node $space/client/client.mjs"
    sandbox = off
  }
  role worker {
    runtime = client
    writes  = worktree("w/{task}")
    accept  = ["true" passes]
  }
  flow main { work = worker("Speak") }
}
END
export HOME="$space/home" GIT_CONFIG_NOSYSTEM=1
git init -q -b main
git add -A
git -c user.name=t -c user.email=t@example.invalid commit -qm Begin
"$fleetc" run t.fleet || { cat .git/fleet/runs/*/logs/*.log >&2; exit 1; }
"$fleetc" log | grep "by the client of the MCP project"
echo "the MCP project's client speaks with fleetc mcp"
