package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Error is one thing wrong with a configuration or key file. Parse and
// LoadKeys return all they found, joined; errors.As gives the first.
type Error struct {
	File string // as it was given; "" if there is none
	// Line and Column start at 1; 0 where the place is not known.
	Line, Column int
	// Key is the full key, such as network.B.subnet; "" for a syntax error.
	Key string
	Msg string

	cause error // the system's error behind it, if any
}

// Unwrap returns the system's error behind this one, such as fs.ErrNotExist
// for a key file that is missing; nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

// Error has the form FILE:LINE:COLUMN: KEY: MSG, less what is not known.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		b.WriteByte(':')
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, "%d:", e.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if e.Key != "" {
		b.WriteString(e.Key)
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	return b.String()
}

// maxErrors bounds what is reported of one file.
const maxErrors = 50

// join makes one error of all, in the order of their places in the file;
// those without a place come last. It returns nil if there are none.
func join(errs []*Error) error {
	slices.SortStableFunc(errs, func(a, b *Error) int {
		if (a.Line == 0) != (b.Line == 0) {
			return b.Line - a.Line
		}
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	if rest := len(errs) - maxErrors; rest > 0 {
		errs = append(errs[:maxErrors:maxErrors],
			&Error{File: errs[0].File, Msg: fmt.Sprintf("and %d more errors", rest)})
	}
	list := make([]error, len(errs))
	for i, e := range errs {
		list[i] = e
	}
	return errors.Join(list...)
}

// printable makes text out of a file fit for a terminal and a log: one line,
// not too long, no control characters.
func printable(s string) string {
	const most = 300
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// quote shows a value out of a file, shortened.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
	}
	return strconv.Quote(s)
}
