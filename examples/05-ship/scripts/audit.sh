# Stands for a model that audits: what a caller gives must not run.
set -eu
sh scripts/after.sh
found=no
for file in "$TMPDIR"/after/src/*.sh; do
  line=$(grep -n 'eval' "$file" | cut -d: -f1)
  test -n "$line" || continue
  "$FLEETC" agent finding "The name is run as a command" --severity critical --label security \
    --path "src/$(basename "$file")" --line "$line" --detail 'A name of `;rm -rf .` would do so. Print it instead.'
  found=yes
done
if test $found = yes; then
  "$FLEETC" agent verdict changes_requested --summary "input is run"
else
  "$FLEETC" agent verdict approved --summary "nothing runs what it is given"
fi
