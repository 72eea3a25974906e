# hello NAME
hello() {
  printf 'hello, %s\n' "$1"
}
