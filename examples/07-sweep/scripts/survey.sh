# Stands for a model that looks over everything: a name with blanks must not be torn apart.
set -eu
found=no
for file in services/*/run.sh; do
  line=$(grep -n 'echo [a-z]* \$1$' "$file" | cut -d: -f1)
  test -n "$line" || continue
  service=$(basename "$(dirname "$file")")
  "$FLEETC" agent finding "A name with blanks is torn apart" --severity minor --label "$service" \
    --path "$file" --line "$line" --detail 'Quote it.'
  found=yes
done
if test $found = yes; then
  "$FLEETC" agent verdict changes_requested --summary "names are not quoted"
else
  "$FLEETC" agent verdict approved --summary "every service quotes its names"
fi
