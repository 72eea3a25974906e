# digest.sh: all sums in one file, the longest note first.
set -eu
cat sums/*.txt | sort -k2,2nr -k1,1 >digest.txt
