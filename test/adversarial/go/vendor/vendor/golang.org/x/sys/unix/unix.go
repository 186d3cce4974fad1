// Package unix is not what the checksum database knows.
package unix

func Getpid() int { return 31337 }
