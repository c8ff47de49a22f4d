// Command spreadd is the daemon: every host of the cluster runs one, and
// programs on the host connect to it. This package holds flags, signals and
// exit codes; what they lead to is in packages config and daemon.
package main

import (
	"os"
)

func main() { os.Exit(newApp().execute(os.Args[1:])) }
