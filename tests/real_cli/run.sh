#!/bin/sh
# fleetc with the agent CLIs themselves, from npm, and scripted models on loopback. Not part of CI: it downloads some 600 MB.
#   tests/real_cli/run.sh build/dev/fleetc [--in FOLDER] [CLI or SCENARIO]…
# Runs in a network of its own that has only loopback, with dummy keys and homes of its own: no CLI reaches any other host.
# Needs node 20, npm, python3, bubblewrap, openssl, iproute2; root, or unprivileged user namespaces.
set -eu
fleetc=$(realpath "$1")
shift
here=$(realpath "$(dirname "$0")")
folder=${XDG_CACHE_HOME:-$HOME/.cache}/fleetc/real-cli
if [ "${1-}" = --in ]; then
  folder=$2
  shift 2
fi
mkdir -p "$folder"
folder=$(realpath "$folder")
case $folder in
  /tmp | /tmp/*) echo "run.sh: a session has a /tmp of its own and would not see CLIs in $folder; name another folder" >&2; exit 2 ;;
esac

# Other versions than those that were seen: CLAUDE=2.1.329 tests/real_cli/run.sh …
npm install --silent --no-audit --no-fund --prefix "$folder" \
  "@anthropic-ai/claude-code@${CLAUDE:-2.1.197}" "@openai/codex@${CODEX:-0.169.0}" \
  "@google/gemini-cli@${GEMINI:-0.61.0}" "opencode-ai@${OPENCODE:-1.18.33}"

# A user who is not root gets the right to a network by being root of a namespace.
own=$([ "$(id -u)" = 0 ] || echo --map-root-user)
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME="$home" LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
  FLEETC_BINARY="$fleetc" FLEETC_E2E_SLOWNESS="${FLEETC_E2E_SLOWNESS:-4}" \
  unshare $own --net sh -c 'ip link set lo up && exec python3 "$@"' sh "$here/run.py" "$folder" "$@"
