#!/bin/sh
# A new repository at $1 with forty small services and this example in it, for `fleetc run` to work on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cp -R "$here/sweep.fleet" "$here/scripts" "$1"
cd "$1"
sed -n 's/^ *agent \([a-z]*\) *: owner .*/\1/p' sweep.fleet | grep -vx rest | while read -r service; do
  mkdir -p "services/$service"
  cat >"services/$service/run.sh" <<END
# $service NAME
$service() {
  echo $service \$1
}
END
done
git init -q -b main
git add -A
git -c user.name='A User' -c user.email='user@example.invalid' commit -q -m 'Begin'
