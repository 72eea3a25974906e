# The files as the change leaves them, below $TMPDIR/after: a reviewer sees the tree that the change was made on, and the
# patch.
set -eu
mkdir "$TMPDIR/after"
cp -R src "$TMPDIR/after"
cd "$TMPDIR/after"
git apply "$FLEET_REVIEW/diff.patch"
