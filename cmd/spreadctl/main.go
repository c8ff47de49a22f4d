// Command spreadctl is the operator's and user's tool of mpspread: it asks
// daemons for their state, over the local admin socket or as sealed datagrams
// on one chosen network, sends and receives messages, and demonstrates the
// whole product on one machine.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// release is the version of a released build, set by the linker
// (-X main.release=1.2.3).
var release string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], system())
	stop()
	os.Exit(code)
}

// streams are where a command reads and writes, and what it knows of its
// surroundings.
type streams struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // out is one
	colour   bool // out takes ANSI colours
	getenv   func(string) string
}

func system() streams {
	terminal := isTerminal(os.Stdout)
	return streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, terminal: terminal, getenv: os.Getenv,
		// https://no-color.org: set and not empty means no colour.
		colour: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
}
