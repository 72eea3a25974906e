# Answers what others wrote. The messages are in its brief.
set -eu
"$FLEETC" agent task
"$FLEETC" agent done "answered"
