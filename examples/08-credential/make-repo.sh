#!/bin/sh
# A new repository at $1 with this example in it, for `fleetc run` to work on, and a key that works as long as it is k-7f3a.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cp -R "$here/renew.fleet" "$here/scripts" "$1"
cd "$1"
git init -q -b main
git add -A
git -c user.name='A User' -c user.email='user@example.invalid' commit -q -m 'Begin'
echo k-7f3a >.git/forge.key
