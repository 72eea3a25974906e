# check.sh: every line that was written is a name and a number.
set -eu
for file in sums/*.txt digest.txt; do
  [ -e "$file" ] || continue
  if grep -vqE '^[^ ]+ [0-9]+$' "$file"; then
    echo "$file: a line is no name and number" >&2
    exit 1
  fi
done
