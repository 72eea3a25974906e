# What judges every change: no file is empty.
set -eu
test -z "$(find . -name '*.md' -size 0)"
