#!/bin/sh
# install.sh FOLDER: a real VS Code workbench (code-server) and a driver for Debian's Chromium, from the
# npm registry and Debian's packages alone. Does nothing when FOLDER has them.
set -eu
folder=$1
server=$folder/node_modules/code-server
vscode=$server/lib/vscode
mkdir -p "$folder"
cd "$folder"
test ! -e installed || exit 0

command -v chromium >/dev/null && command -v rg >/dev/null || {
  echo "Needed from Debian: apt-get install chromium ripgrep g++ make python3" >&2
  exit 1
}
quiet="--no-audit --no-fund --loglevel=error"
test -f package.json || npm init -y >/dev/null
# Its install scripts download; what is needed of them is built here instead.
# shellcheck disable=SC2086  # a list of words
npm install $quiet --ignore-scripts code-server@4.100.3 playwright-core@1.55
npm_config_build_from_source=true npm rebuild argon2
cd "$vscode"
# shellcheck disable=SC2086
npm install $quiet --omit=dev --ignore-scripts
for module in @vscode/spdlog native-watchdog node-pty; do
  npm rebuild "$module" || true # node-pty fails after its program is built; all three are checked below
done
ls node_modules/@vscode/spdlog/build/Release/spdlog.node \
  node_modules/native-watchdog/build/Release/watchdog.node node_modules/node-pty/build/Release/pty.node >/dev/null
mkdir -p node_modules/@vscode/ripgrep/bin
ln -sf "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
ln -sfn node_modules node_modules.asar
ln -sf code-linux.sh bin/remote-cli/code-server
ln -sf browser-linux.sh bin/helpers/browser.sh
cd extensions
# shellcheck disable=SC2086
npm install $quiet --omit=dev --ignore-scripts
touch "$folder/installed"
