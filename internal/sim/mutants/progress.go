package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// sayEvery is how often it is told what is being hunted.
const sayEvery = 10 * time.Second

// progress tells how far a hunt is: each outcome as it comes, and now and then
// what is under way.
type progress struct {
	out, errs io.Writer
	total     int
	quit      chan struct{}
	gone      sync.WaitGroup

	mu      sync.Mutex
	done    int
	hunting []string
}

func newProgress(out, errs io.Writer, total int) *progress {
	p := &progress{out: out, errs: errs, total: total, quit: make(chan struct{})}
	p.gone.Go(p.say)
	return p
}

func (p *progress) begins(m *mutant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hunting = append(p.hunting, m.name)
}

func (p *progress) ends(o *outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if i := slices.Index(p.hunting, o.mutant.name); i >= 0 {
		p.hunting = slices.Delete(p.hunting, i, i+1)
	}
	fmt.Fprintf(p.out, "[%*d of %d] %-32s %s\n", len(fmt.Sprint(p.total)), p.done, p.total, o.mutant.name, o)
}

// say tells what is being hunted until stop.
func (p *progress) say() {
	tick := time.NewTicker(sayEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			p.mu.Lock()
			fmt.Fprintf(p.errs, "%d of %d done, hunting %s\n", p.done, p.total, strings.Join(p.hunting, ", "))
			p.mu.Unlock()
		}
	}
}

func (p *progress) stop() {
	close(p.quit)
	p.gone.Wait()
}
