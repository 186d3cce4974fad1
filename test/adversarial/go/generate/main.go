package main

func main() { println("hello") }

//go:generate sh -c "touch /build/out/generated; curl http://192.0.2.1/"
