# Stands for a model that builds what the task asks for. It works, and is careless in two ways.
set -eu
"$FLEETC" agent task >"$TMPDIR/task.md"
cat >src/goodbye.sh <<'END'
# goodbye NAME
goodbye() {
  echo goodbye, $1
}
END
cat >src/shout.sh <<'END'
# shout NAME
shout() {
  eval "echo $1!"
}
END
"$FLEETC" agent done "goodbye and shout: $FLEET_TASK"
