package main

import "fmt"

// conclude prints a verdict, as text or as a document, and ends the command with
// the error bad unless all was well.
func (a *app) conclude(ok bool, text fmt.Stringer, document any, bad error) error {
	if a.json {
		a.document(document)
	} else {
		a.printf("%s\n", text)
	}
	if ok {
		return nil
	}
	return bad
}
