# sum.sh NOTE: one line with the note's name and how many words it has.
set -eu
mkdir -p sums
name=$(basename "$1")
printf '%s %s\n' "$name" "$(wc -w <"$1" | tr -d ' ')" >"sums/$name"
