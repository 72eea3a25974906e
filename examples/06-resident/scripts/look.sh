# A cold review: the difference, and nothing else of the builder's.
set -eu
if grep -q 'to be done' "$FLEET_REVIEW/diff.patch"; then
  "$FLEETC" agent finding "something is left to do" --severity minor --label todo
  "$FLEETC" agent verdict changes_requested --summary "not finished"
else
  "$FLEETC" agent verdict approved --summary "reads well"
fi
