package main

import "example.com/elsewhere"

func main() { elsewhere.Run() }
