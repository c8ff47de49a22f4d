//go:build linux

package labnet

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// toolLimit ends a tool that does not end by itself.
const toolLimit = 20 * time.Second

// tool runs a program the testbed needs, with input on its standard input, and
// returns its standard output.
func tool(input string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), toolLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("labnet: %q: %w: %s\ninput: %s", args, err, strings.TrimSpace(stderr.String()), input)
	}
	return stdout.String(), nil
}

// Inside is the command line that runs args in a host's namespace. The process
// that is started becomes the program itself.
func (b *Testbed) Inside(host string, args ...string) []string {
	return inside(b.Namespace(host), args...)
}

func inside(ns string, args ...string) []string {
	return append([]string{"ip", "netns", "exec", ns}, args...)
}

// ip runs lines of "ip -batch" in a namespace.
func ip(ns, lines string) error {
	_, err := tool(lines, "ip", "-n", ns, "-batch", "-")
	return err
}

// nft runs input of "nft -f" in a host's namespace: one transaction.
func (b *Testbed) nft(host, input string) error {
	_, err := tool(input, b.Inside(host, "nft", "-f", "-")...)
	return err
}
