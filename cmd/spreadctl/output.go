package main

import (
	"encoding/json"
	"fmt"

	"mpspread/internal/admin"
)

func (a *app) style() admin.Style { return admin.Style{Colour: a.colour} }

// document prints a JSON document.
func (a *app) document(d any) {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	// Nobody is there to be told that nobody reads.
	_ = e.Encode(d)
}

// printf prints text for a person.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }

// line prints a JSON document as one line, for streams of them.
func (a *app) line(d any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(d)
}

// refuse makes an error of global flags that a command has no use for.
func (a *app) refuse(command string, flags ...string) error {
	given := map[string]bool{
		"socket": a.socket != "", "config": a.config != "", "network": a.network != "", "daemon": a.daemon != "", "all": a.all,
	}
	for _, name := range flags {
		if given[name] {
			return usagef("%s has no use for --%s", command, name)
		}
	}
	return nil
}

// both prints a document as JSON or as text.
func (a *app) both(document any, text func() error) error {
	if a.json {
		a.document(document)
		return nil
	}
	if err := text(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
