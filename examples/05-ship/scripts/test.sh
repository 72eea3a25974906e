# What every change is judged by: each file of src/ is sound shell, and its function says the name that it is given.
set -eu
for file in src/*.sh; do
  name=$(basename "$file" .sh)
  sh -n "$file"
  said=$(. "./$file" && "$name" ann)
  case $said in
    *ann*) ;;
    *) echo "$file: \`$name ann\` says: $said" >&2; exit 1 ;;
  esac
done
