# Stands for a model that reviews: names that lose their blanks are wrong.
set -eu
sh scripts/after.sh
found=no
for file in "$TMPDIR"/after/src/*.sh; do
  line=$(grep -n 'echo [^"]*\$1$' "$file" | cut -d: -f1)
  test -n "$line" || continue
  "$FLEETC" agent finding "A name with blanks is torn apart" --severity minor --label quoting \
    --path "src/$(basename "$file")" --line "$line" --detail "Quote it: \`printf '%s\\n'\` and \`\"\$1\"\`."
  found=yes
done
if test $found = yes; then
  "$FLEETC" agent verdict changes_requested --summary "names are not quoted"
else
  "$FLEETC" agent verdict approved --summary "reads well"
fi
