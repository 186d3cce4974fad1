package main

import "golang.org/x/sys/unix"

func main() { println(unix.Getpid()) }
