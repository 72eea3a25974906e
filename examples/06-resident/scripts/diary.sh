set -eu
mkdir -p diary
git log -1 --format='%h %s' >diary/today.md
