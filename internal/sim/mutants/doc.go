// Command mutants puts known protocol bugs into the core, one at a time, and
// tells how each is found (correctness reference, section 7). A bug that is
// not found is a hole in the tests.
//
//	go run ./internal/sim/mutants                  every mutant
//	go run ./internal/sim/mutants -only a,b        these
//	go run ./internal/sim/mutants -sample 5        five that the revision picks
//	go run ./internal/sim/mutants -list            what there is
//
// A mutant is a file NAME.patch beside this one: a head, then a unified diff
// from the module's root. The core itself stays clean: a patched copy goes to
// a directory of its own, and go build -overlay puts it in the place of the
// original.
//
// The head says what the bug is. Lines in it that are understood:
//
//	Property: SAFE-3 SAFE-1     what is expected to show the bug
//	Run: -mode liveness         more arguments for cmd/spreadsim
//	Test: ./datalink TestName   what shows it where the simulator does not run
//	                            the code: this Go test must pass on the clean
//	                            core, and fail with the bug in it
//
// It ends with 1 if a mutant survives, with 2 if it was called wrongly or
// could not do its work.
package main
