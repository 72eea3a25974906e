# Whether each service, or the one that is named, is sound shell and says the name that it is given, blanks and all.
set -eu
for file in services/${1:-*}/run.sh; do
  service=$(basename "$(dirname "$file")")
  sh -n "$file"
  said=$(. "./$file" && "$service" 'ann  b')
  case $said in
    *"ann  b") ;;
    *) echo "$file: $service 'ann  b' says: $said" >&2; exit 1 ;;
  esac
done
