package main

import "example.com/secrets"

func main() { println(secrets.All) }
