# Stands for a model that writes what has changed.
set -eu
echo "New: $(tail -n 1 done.txt)" >>NEWS
