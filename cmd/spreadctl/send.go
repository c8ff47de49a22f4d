package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mpspread/client"
	"mpspread/internal/admin"
)

// sending is the flags of send.
type sending struct {
	connect, service, file string
	groups                 []string
	kind                   int16
	lines                  bool
}

func (a *app) sendCommand() *cobra.Command {
	var s sending
	cmd := &cobra.Command{
		Use:   "send [GROUP] [TEXT]",
		Short: "multicast a message to groups",
		Long: `send multicasts one message to a group, or to several with --group: a TEXT, a
file, or with --from-stdin every line of the standard input as a message of its
own. It ends once the daemon has put them all in order.`,
		Example: `  spreadctl send chat hello
  spreadctl send --group chat --group log --service safe hello
  tail -f events | spreadctl send --group log --from-stdin`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.refuse("send", "socket", "network", "all"); err != nil {
				return err
			}
			return a.send(cmd.Context(), s, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.connect, "connect", "", connectHelp)
	f.StringArrayVarP(&s.groups, "group", "g", nil, "group to send to; may be given again")
	f.StringVar(&s.service, "service", "agreed", "unreliable, reliable, fifo, causal, agreed or safe")
	f.Int16Var(&s.kind, "type", 0, "the application's own number, delivered with the message")
	f.StringVar(&s.file, "file", "", "send what this file holds, as one message")
	f.BoolVar(&s.lines, "from-stdin", false, "send every line of the standard input")
	return cmd
}

const connectHelp = "where to connect: unix:/path or tcp:host:port, several with commas (default: the usual sockets)"

func (a *app) send(ctx context.Context, s sending, args []string) error {
	service, err := serviceNamed(s.service)
	if err != nil {
		return err
	}
	if len(s.groups) == 0 {
		if len(args) == 0 {
			return usagef("send to which group? spreadctl send GROUP TEXT")
		}
		s.groups, args = args[:1], args[1:]
	}
	next, err := a.messages(s, args)
	if err != nil {
		return err
	}
	conn, err := a.connect(ctx, s.connect)
	if err != nil {
		return err
	}
	sent, err := multicast(ctx, conn, client.Outgoing{Service: service, Groups: s.groups, Type: s.kind}, next)
	if closeErr := conn.Close(context.WithoutCancel(ctx)); err == nil && closeErr != nil {
		err = fmt.Errorf("sending: %w", closeErr)
	}
	if a.json && err == nil {
		a.document(struct {
			Version int `json:"version"`
			Sent    int `json:"sent"`
		}{admin.DocumentVersion, sent})
	}
	return err
}

// multicast sends what next gives until it ends, and counts.
func multicast(ctx context.Context, conn *client.Conn, m client.Outgoing, next func() ([]byte, error)) (int, error) {
	for sent := 0; ; sent++ {
		data, err := next()
		if errors.Is(err, io.EOF) {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
		m.Data = data
		if err := conn.Send(ctx, m); err != nil {
			return sent, fmt.Errorf("message %d: %w", sent+1, err)
		}
	}
}

// messages gives the messages to send, one a call, then io.EOF.
func (a *app) messages(s sending, args []string) (func() ([]byte, error), error) {
	ways := 0
	for _, given := range []bool{len(args) > 0, s.file != "", s.lines} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		return nil, usagef("send what? give a TEXT, --file or --from-stdin")
	case ways > 1 || len(args) > 1:
		return nil, usagef("one TEXT (in quotes if it has blanks), --file or --from-stdin, not several")
	case s.lines:
		return lines(a.in), nil
	}
	data := []byte(nil)
	if s.file == "" {
		data = []byte(args[0])
	} else {
		var err error
		if data, err = os.ReadFile(s.file); err != nil {
			return nil, fmt.Errorf("reading the message: %w", err)
		}
	}
	done := false
	return func() ([]byte, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		return data, nil
	}, nil
}

// maxLine bounds a line of the standard input, in bytes: more than any message
// takes.
const maxLine = 1 << 20

// lines gives each line without its end.
func lines(r io.Reader) func() ([]byte, error) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	return func() ([]byte, error) {
		switch {
		case scanner.Scan():
			return scanner.Bytes(), nil
		case scanner.Err() != nil:
			return nil, fmt.Errorf("reading the standard input: %w", scanner.Err())
		}
		return nil, io.EOF
	}
}

// serviceNamed reads the name of a service level.
func serviceNamed(name string) (client.Service, error) {
	for s := client.Unreliable; s <= client.Safe; s++ {
		if strings.EqualFold(s.String(), name) {
			return s, nil
		}
	}
	return 0, usagef("service %q: it is unreliable, reliable, fifo, causal, agreed or safe", name)
}

// connect opens a session for send or recv.
func (a *app) connect(ctx context.Context, address string) (*client.Conn, error) {
	addresses, err := a.clientAddresses(address)
	if err != nil {
		return nil, err
	}
	conn, err := client.Connect(ctx, addresses)
	if err != nil {
		return nil, connectError(err, addresses)
	}
	return conn, nil
}

// connectError tells why no session could be opened at these addresses, of
// those with exit codes of their own.
func connectError(err error, addresses string) error {
	for _, refusal := range []error{client.ErrQuota, client.ErrIllegalName, client.ErrNotUnique, client.ErrVersion, client.ErrAuth} {
		if errors.Is(err, refusal) {
			return fmt.Errorf("the daemon refuses: %w", err)
		}
	}
	if errors.Is(err, client.ErrIllegalAddress) {
		return usageError{err.Error()}
	}
	if addresses == "" {
		addresses = strings.Join(client.DefaultAddresses(), " or ")
	}
	return &admin.UnreachableError{
		Where: addresses, Err: reasons{err}, Hint: "is spreadd running? try: spreadd, or --connect ADDRESS",
	}
}

// reasons is an error of several lines as one line.
type reasons struct{ err error }

func (r reasons) Error() string { return strings.ReplaceAll(r.err.Error(), "\n", ", ") }
func (r reasons) Unwrap() error { return r.err }
