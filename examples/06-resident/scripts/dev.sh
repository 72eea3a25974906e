# Works in two sittings: the first one saves where it is and dies, as a machine may; the second one
# goes on from there.
set -eu
"$FLEETC" agent task >brief.md
mkdir -p notes
if grep -q 'half of it is written' brief.md; then
  rm brief.md
  printf '%s\n' "$FLEET_TASK" "the second half" >notes/work.md
  "$FLEETC" agent done "both halves"
else
  rm brief.md
  "$FLEETC" agent checkpoint "half of it is written"
  kill -KILL $$
fi
