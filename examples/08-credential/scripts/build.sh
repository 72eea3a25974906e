# Stands for a model that builds what the task asks for.
set -eu
echo "$FLEET_TASK" >>done.txt
