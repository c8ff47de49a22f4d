//go:build !linux

// Command bench needs the network namespaces of Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: its bed is made of network namespaces, a thing of Linux; spreadctl bench runs here")
	os.Exit(1)
}
