package main

// #cgo CFLAGS: -fplugin=/tmp/evil.so
// #cgo LDFLAGS: -Wl,-rpath,/tmp -fuse-ld=/tmp/evil
// int answer(void) { return 42; }
import "C"

func main() { println(int(C.answer())) }
