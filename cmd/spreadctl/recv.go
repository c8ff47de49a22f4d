package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"mpspread/client"
	"mpspread/internal/admin"
)

// receiving is the flags of recv.
type receiving struct {
	connect    string
	groups     []string
	count      int
	membership bool
}

func (a *app) recvCommand() *cobra.Command {
	var r receiving
	cmd := &cobra.Command{
		Use:   "recv [GROUP ...]",
		Short: "join groups and print what comes",
		Long: `recv joins groups and prints their messages, one a line, until --count messages
came, --timeout has passed or it is interrupted. Data that is no printable text
is shown quoted. It ends with 1 if fewer than --count messages came.`,
		Example: `  spreadctl recv chat
  spreadctl recv chat --membership --json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.refuse("recv", "socket", "network", "all"); err != nil {
				return err
			}
			r.groups = append(r.groups, args...)
			switch {
			case len(r.groups) == 0:
				return usagef("receive from which group? spreadctl recv GROUP")
			case r.count < 0:
				return usagef("--count must not be negative")
			}
			ctx := cmd.Context()
			if cmd.Flags().Changed("timeout") {
				if a.timeout <= 0 {
					return usagef("--timeout must be more than 0")
				}
				limited, cancel := context.WithTimeout(ctx, a.timeout)
				defer cancel()
				ctx = limited
			}
			return a.recv(ctx, r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.connect, "connect", "", connectHelp)
	f.StringArrayVarP(&r.groups, "group", "g", nil, "group to join; may be given again")
	f.IntVar(&r.count, "count", 0, "end after so many messages; 0: never")
	f.BoolVar(&r.membership, "membership", false, "print changes of membership too")
	return cmd
}

func (a *app) recv(ctx context.Context, r receiving) error {
	conn, err := a.connect(ctx, r.connect)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, g := range r.groups {
		if err := conn.Join(ctx, g); err != nil {
			return fmt.Errorf("joining %q: %w", g, err)
		}
	}
	came := 0
	for event, err := range conn.Events(ctx) {
		if err != nil {
			return r.end(ctx, came, err)
		}
		if rejected, ok := event.(*client.Rejected); ok {
			return fmt.Errorf("the daemon refuses to join %s", strings.Join(rejected.Groups, " "))
		}
		if m, ok := event.(*client.Membership); ok && m.Cause == client.Join && m.Changed == conn.Private() {
			_, _ = fmt.Fprintf(a.err, "joined %s as %s, members: %d\n", m.Group, conn.Private(), len(m.Members))
		}
		message, isMessage := event.(*client.Message)
		if isMessage || r.membership {
			if err := a.show(event); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
		}
		if isMessage && message != nil {
			if came++; came == r.count {
				return nil
			}
		}
	}
	return nil
}

// end tells whether the end of the events is what was asked for.
func (r receiving) end(ctx context.Context, came int, err error) error {
	switch {
	case ctx.Err() == nil:
		return fmt.Errorf("receiving: %w", err)
	case r.count == 0:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%d of %d messages came in time", came, r.count)
	}
	return fmt.Errorf("interrupted after %d of %d messages", came, r.count)
}

// show prints an event.
func (a *app) show(event client.Event) error {
	if a.json {
		return a.line(eventDocument(event))
	}
	_, err := fmt.Fprintln(a.out, eventText(event))
	return err
}

// The JSON of recv, one object a line.
type (
	messageLine struct {
		Version int      `json:"version"`
		Event   string   `json:"event"` // "message"
		Sender  string   `json:"sender"`
		Groups  []string `json:"groups"`
		Service string   `json:"service"`
		Type    int16    `json:"type"`
		Data    []byte   `json:"data"`           // base64
		Text    *string  `json:"text,omitempty"` // the same, if it is valid UTF-8
	}
	membershipLine struct {
		Version int        `json:"version"`
		Event   string     `json:"event"` // "membership"
		Group   string     `json:"group"`
		ID      [3]int32   `json:"id"`
		Cause   string     `json:"cause"`
		Members []string   `json:"members"`
		Changed string     `json:"changed,omitempty"`
		Sets    [][]string `json:"sets"`
		Own     int        `json:"own"`
	}
	groupLine struct {
		Version int    `json:"version"`
		Event   string `json:"event"` // "transition", "self-leave"
		Group   string `json:"group"`
	}
)

func eventDocument(event client.Event) any {
	switch e := event.(type) {
	case *client.Message:
		line := messageLine{
			Version: admin.DocumentVersion, Event: "message", Sender: e.Sender, Groups: e.Groups,
			Service: e.Service.String(), Type: e.Type, Data: e.Data,
		}
		if utf8.Valid(e.Data) {
			text := string(e.Data)
			line.Text = &text
		}
		return line
	case *client.Membership:
		return membershipLine{
			Version: admin.DocumentVersion, Event: "membership", Group: e.Group, ID: [3]int32{e.ID.Ring, e.ID.Epoch, e.ID.Index},
			Cause: e.Cause.String(), Members: e.Members, Changed: e.Changed, Sets: e.Sets, Own: e.Own,
		}
	case *client.Transition:
		return groupLine{admin.DocumentVersion, "transition", e.Group}
	case *client.SelfLeave:
		return groupLine{admin.DocumentVersion, "self-leave", e.Group}
	}
	panic(fmt.Sprintf("spreadctl: event %T", event))
}

// eventText is an event for a person, on one line, safe for a terminal.
func eventText(event client.Event) string {
	switch e := event.(type) {
	case *client.Message:
		return fmt.Sprintf("%s %s: %s", strings.Join(e.Groups, ","), e.Sender, printable(e.Data))
	case *client.Membership:
		text := fmt.Sprintf("-- %s: %s", e.Group, e.Cause)
		if e.Changed != "" {
			text += " of " + e.Changed
		}
		return fmt.Sprintf("%s, members: %s", text, strings.Join(e.Members, " "))
	case *client.Transition:
		return fmt.Sprintf("-- %s: a network change begins", e.Group)
	case *client.SelfLeave:
		return fmt.Sprintf("-- %s: left", e.Group)
	}
	panic(fmt.Sprintf("spreadctl: event %T", event))
}

// printable is data as it is if it is one line of printable text, else quoted.
func printable(data []byte) string {
	text := string(data)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }) {
		return strconv.Quote(text)
	}
	return text
}
