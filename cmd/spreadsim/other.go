package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"mpspread/internal/sim"
)

// others are processes of another build that host some of the daemons, one for
// each worker (correctness reference 5.4, differential).
type others struct {
	options []sim.Options // for each worker
	ends    []func() error
}

// openOthers starts them; without a file all daemons are of this build.
func openOthers(file string, workers int) (*others, error) {
	s := &others{options: make([]sim.Options, workers)}
	if file == "" {
		return s, nil
	}
	for i := range workers {
		if err := s.open(file, i); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *others) open(file string, i int) error {
	c := exec.Command(file, "-serve")
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return fmt.Errorf("other build: %w", err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return fmt.Errorf("other build: %w", err)
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("other build: %w", err)
	}
	s.ends = append(s.ends, func() error {
		if err := in.Close(); err != nil {
			return err
		}
		return c.Wait()
	})
	s.options[i].Other, err = sim.NewPeer(out, in)
	return err
}

// close ends the processes and waits for them.
func (s *others) close() error {
	var list []error
	for _, end := range s.ends {
		if err := end(); err != nil {
			list = append(list, fmt.Errorf("other build: %w", err))
		}
	}
	return errors.Join(list...)
}

// twins counts the runs that came out as they do without the other build.
type twins struct {
	same, runs int
}

func (t *twins) note(r *sim.Result) {
	t.runs++
	if sim.Run(r.Plan, sim.Options{}).Digest == r.Digest {
		t.same++
	}
}

func (t *twins) say(out io.Writer) {
	if t.runs > 0 {
		fmt.Fprintf(out, "%d of %d runs with the other build are the same to the bit as without it\n", t.same, t.runs)
	}
}
