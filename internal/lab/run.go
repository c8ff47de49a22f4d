//go:build linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"
)

// runLimit ends a program that does not end by itself.
const runLimit = 20 * time.Second

// Result is how a program ended.
type Result struct {
	Args           []string
	Code           int // exit code; -1 if it did not start or was killed
	Stdout, Stderr string
	Took           time.Duration
}

func (r Result) String() string {
	return fmt.Sprintf("%q ended with %d after %v\n%s%s", r.Args, r.Code, r.Took.Round(time.Millisecond), r.Stdout, r.Stderr)
}

// run runs a program to its end, with input on its standard input.
func run(input string, args ...string) Result {
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader([]byte(input)), &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	r := Result{Args: args, Took: time.Since(began), Stdout: stdout.String(), Stderr: stderr.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.Code = exit.ExitCode()
	case err != nil:
		r.Code, r.Stderr = -1, r.Stderr+err.Error()
	}
	return r
}

// must runs a tool that the lab itself needs.
func must(t testing.TB, input string, args ...string) string {
	t.Helper()
	r := run(input, args...)
	if r.Code != 0 {
		t.Fatalf("lab: %v\ninput: %s", r, input)
	}
	return r.Stdout
}

// inside gives the command line that runs args in a namespace.
func inside(ns string, args ...string) []string {
	return append([]string{"ip", "netns", "exec", ns}, args...)
}
