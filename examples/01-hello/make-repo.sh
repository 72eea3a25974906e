#!/bin/sh
# make-repo.sh DIR [N]: makes a git repository in DIR with N notes (40 unless told), each with a
# defect, and this example's fleet and scripts. The same N gives the same commit, bit for bit.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if test $# -lt 1 || test $# -gt 2; then
  echo "usage: make-repo.sh DIR [N]" >&2
  exit 2
fi
dir=$1
count=${2:-40}

mkdir -p "$dir"
if test -n "$(ls -A "$dir")"; then
  echo "make-repo.sh: $dir is not empty" >&2
  exit 1
fi
mkdir "$dir/notes"
cp -R "$here/hello.fleet" "$here/scripts" "$dir/"

# One note; which of the defects it has follows from its number.
write_note() {
  number=$1
  title='' space='' newline='\n'
  case $((number % 4)) in
    0) space='   ' ;;
    1) title="# Note $number\n\n" newline='' ;;
    2) title="# Note $number\n\n" space='\t' ;;
    3) space=' ' newline='' ;;
  esac
  printf "${title}Entry $number of the notebook.${space}\nIt waits for somebody to tidy it up.${newline}"
}

number=1
while test "$number" -le "$count"; do
  write_note "$number" >"$dir/notes/$(printf 'note-%02d.txt' "$number")"
  number=$((number + 1))
done

cd "$dir"
# Neither this machine's git configuration nor its clock goes into the commit.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_DATE='2026-01-01T12:00:00Z' GIT_COMMITTER_DATE='2026-01-01T12:00:00Z'
git init -q -b main
git config user.name 'Hello Example'
git config user.email 'hello@example.invalid'
git add .
git commit -q -m "Keep $count notes"
