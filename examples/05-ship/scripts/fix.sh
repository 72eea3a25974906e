# Stands for a model that mends one finding, which it is told in FLEET_FINDING: "critical: src/shout.sh:3: …".
set -eu
file=$(printf '%s\n' "$FLEET_FINDING" | sed -n '1s/^[a-z]*: \([^:]*\):.*/\1/p')
case $FLEET_FINDING in
  *"torn apart"*) sed -i "s/echo goodbye, \$1/printf 'goodbye, %s\\\\n' \"\$1\"/" "$file" ;;
  *"run as a command"*) sed -i "s/eval .*/printf '%s!\\\\n' \"\$1\"/" "$file" ;;
  *) "$FLEETC" agent fail "I don't know what to do about this"; exit 1 ;;
esac
