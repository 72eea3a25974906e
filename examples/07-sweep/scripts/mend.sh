# Stands for a model that knows one service, that of its name: FLEET_AGENT.
set -eu
file=services/$FLEET_AGENT/run.sh
test -f "$file" || {
  "$FLEETC" agent fail "nobody knows what to do about: $FLEET_FINDING"
  exit 1
}
sed "s/echo $FLEET_AGENT \$1/printf '$FLEET_AGENT %s\\\\n' \"\$1\"/" "$file" >"$TMPDIR/mended"
cat "$TMPDIR/mended" >"$file"
