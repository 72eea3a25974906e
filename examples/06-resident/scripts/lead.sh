# Reads what it is told (its turn, what changed, what is stuck), and asks the desk.
set -eu
"$FLEETC" agent task
"$FLEETC" agent send desk "Who works on what?" --subject "morning"
