# What every task is judged by.
test -s done.txt
