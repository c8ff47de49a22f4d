package main

import (
	"errors"

	"github.com/spf13/cobra"

	"mpspread/internal/admin"
)

// several is the JSON of --all: an element for each daemon in configuration
// order, its document or an Error document.
type several struct {
	Version int   `json:"version"`
	Daemons []any `json:"daemons"`
}

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "show a daemon's ring, networks and clients",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			targets, err := a.targets()
			if err != nil {
				return err
			}
			results := a.ask(cmd.Context(), targets, admin.CommandStatus)
			if a.all {
				return a.statuses(results)
			}
			s, err := read(results[0], admin.Reply.Status)
			if err != nil {
				return err
			}
			a.code = admin.ExitCode(s)
			return a.both(s, func() error { return admin.WriteStatus(a.out, s, a.style()) })
		},
	}
}

// statuses prints the statuses of all daemons.
func (a *app) statuses(results []result) error {
	var list []admin.Result
	for _, r := range results {
		s, err := read(r, admin.Reply.Status)
		list = append(list, admin.Result{Daemon: r.daemon, Status: s, Err: err})
	}
	return a.many(results, func(i int) (any, int, error) {
		return list[i].Status, admin.ExitCode(list[i].Status), list[i].Err
	}, func() error { return admin.WriteStatuses(a.out, list, a.style()) })
}

func (a *app) networksCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "networks",
		Short: "show every path of a daemon: state, loss, round trip, who brought the first copy",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			targets, err := a.targets()
			if err != nil {
				return err
			}
			results := a.ask(cmd.Context(), targets, admin.CommandNetworks)
			return a.eachOf(results, "\n", func(r result) (any, int, func() error, error) {
				n, err := read(r, admin.Reply.Networks)
				return n, admin.ExitCodeNetworks(n), func() error { return admin.WriteNetworks(a.out, n, a.style()) }, err
			})
		},
	}
}

func (a *app) pingCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ping",
		Short: "ask a daemon for a sign of life, and show by which way it came",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			targets, err := a.targets()
			if err != nil {
				return err
			}
			results := a.ask(cmd.Context(), targets, admin.CommandPing)
			return a.eachOf(results, "", func(r result) (any, int, func() error, error) {
				p, err := read(r, admin.Reply.Ping)
				return p, admin.ExitWell, func() error { return admin.WritePing(a.out, p, a.style()) }, err
			})
		},
	}
}

// read reads a target's answer.
func read[D any](r result, parse func(admin.Reply) (D, error)) (D, error) {
	if r.err != nil {
		var none D
		return none, r.err
	}
	return parse(r.reply)
}

// eachOf prints the answers one after the other, with between in between: show
// gives the document, its exit code, its text, or why there is none.
func (a *app) eachOf(results []result, between string, show func(result) (any, int, func() error, error)) error {
	if !a.all {
		d, code, text, err := show(results[0])
		if err != nil {
			return err
		}
		a.code = code
		return a.both(d, text)
	}
	return a.many(results, func(i int) (any, int, error) {
		d, code, _, err := show(results[i])
		return d, code, err
	}, func() error {
		for i, r := range results {
			if i > 0 {
				a.printf("%s", between)
			}
			_, _, text, err := show(r)
			if err != nil {
				a.printf("%s: %v\n", r.daemon, err)
				continue
			}
			if err := text(); err != nil {
				return err
			}
		}
		return nil
	})
}

// many prints the answers of --all, and makes one exit code of theirs.
func (a *app) many(results []result, document func(i int) (any, int, error), text func() error) error {
	all := several{Version: admin.DocumentVersion}
	var codes []int
	for i, r := range results {
		d, code, err := document(i)
		if err != nil {
			var fault admin.Fault
			code, fault = a.judge(err)
			d = admin.Error{Version: admin.DocumentVersion, Daemon: r.daemon, Error: fault}
			var refused *admin.RefusedError
			if errors.As(err, &refused) {
				d = admin.Error{Version: admin.DocumentVersion, Daemon: r.daemon, Error: refused.Fault}
			}
		}
		all.Daemons, codes = append(all.Daemons, d), append(codes, code)
	}
	a.code = admin.WorstExit(codes...)
	return a.both(all, text)
}
