#!/bin/sh
# fix.sh NOTE: gives one note what check.sh asks for, and touches nothing else.
set -eu
note=$1

repaired=$(mktemp)
trap 'rm -f "$repaired"' EXIT
title=$(basename "$note" .txt | tr -s ' _-' ' ')
awk -v title="$title" '
  NR == 1 && !/^# ./ { print "# " title; print "" }
  { sub(/[ \t\r]+$/, ""); print }
  END { if (NR == 0) print "# " title }
' <"$note" >"$repaired"
cat "$repaired" >"$note"
