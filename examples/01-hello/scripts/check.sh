#!/bin/sh
# check.sh NOTE or FOLDER: a note begins with a title ("# ..."), has no spaces at the end of a line,
# and ends with a newline. Says what is wrong and exits 1.
set -eu
status=0

complain() {
  printf '%s: %s\n' "$1" "$2"
  status=1
}

check_note() {
  IFS= read -r first <"$1" || true
  case $first in
    '# '?*) ;;
    *) complain "$1" 'the first line is not a title' ;;
  esac
  if grep -q '[[:space:]]$' <"$1"; then
    complain "$1" 'spaces at the end of a line'
  fi
  if test -n "$(tail -c 1 <"$1")"; then
    complain "$1" 'no newline at the end'
  fi
}

if test -d "$1"; then
  for note in "$1"/*.txt; do
    check_note "$note"
  done
else
  check_note "$1"
fi
exit "$status"
