package main

import _ "embed"

//go:embed link
var secret string

func main() { println(secret) }
