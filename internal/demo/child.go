package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"

	"go.uber.org/zap"

	"mpspread/config"
	"mpspread/daemon"
	"mpspread/datalink"
	"mpspread/internal/admin"
)

// The verbs of the command lines; each is followed by a network's name.
const (
	verbCut  = "cut"
	verbHeal = "heal"
)

// RunDaemon is one of the demonstration's daemons: it runs the daemon of that
// name until ctx or in ends, and cuts and heals its networks as lines of in
// say. It answers on out.
func RunDaemon(ctx context.Context, configFile, name string, in io.Reader, out io.Writer) error {
	cfg, err := config.Load(configFile)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	log, err := zap.NewProduction()
	if err != nil {
		return fmt.Errorf("demo: log: %w", err)
	}
	// An interrupt from the terminal reaches the whole process group; the
	// parent decides what it means.
	signal.Ignore(os.Interrupt)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := control{out: out, opened: make(chan struct{})}
	go func() {
		// A goroutine that reads in cannot be stopped; it ends with in, at the
		// latest with the process.
		defer cancel()
		if err := c.obey(in); err != nil {
			log.Error("commands", zap.Error(err))
		}
	}()
	return daemon.Run(ctx, daemon.Options{
		Config: cfg, Name: name, Log: log, OpenLinks: c.open, Ready: func() { c.say(lineReady) },
		Software: admin.Software(""),
	})
}

// control cuts and heals the networks of this process.
type control struct {
	links  *datalink.Switch // set before opened is closed
	opened chan struct{}

	mu  sync.Mutex // of out
	out io.Writer
}

// open is datalink.Open with switches.
func (c *control) open(cfg datalink.Config) (datalink.Set, error) {
	set, err := datalink.Open(cfg)
	if err != nil {
		return nil, err
	}
	c.links = datalink.NewSwitch(set, cfg.Networks)
	close(c.opened)
	return c.links, nil
}

// say writes a line. If nobody reads, in has ended too.
func (c *control) say(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.out, line+"\n")
}

// obey does what the lines say, and answers each that it did with itself,
// until in ends or there is one it cannot do.
func (c *control) obey(in io.Reader) error {
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		<-c.opened
		verb, network, _ := strings.Cut(scanner.Text(), " ")
		done := false
		switch verb {
		case verbCut:
			done = c.links.Cut(network)
		case verbHeal:
			done = c.links.Heal(network)
		}
		if !done {
			return fmt.Errorf("demo: command %q", scanner.Text())
		}
		c.say(scanner.Text())
	}
	return scanner.Err()
}
