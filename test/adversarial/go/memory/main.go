package main

// Data, not code: compiler and linker hold all of it.
var X = [1<<30 - 1]byte{1 << 29: 1}

func main() { println(X[len(X)/3]) }
