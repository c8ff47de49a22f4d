package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"mpspread/config"
	"mpspread/daemon"
	"mpspread/datalink"
	"mpspread/internal/admin"
)

// The verbs of the command lines; each is followed by a network's name, lose
// and late also by how much.
const (
	verbCut  = "cut"
	verbHeal = "heal"
	verbLose = "lose"
	verbLate = "late"
)

// RunDaemon is one of a cluster's daemons: it runs the daemon of that name until
// ctx or in ends, and makes its networks bad as lines of in say. It answers on
// out.
func RunDaemon(ctx context.Context, configFile, name string, in io.Reader, out io.Writer) error {
	daemon.RaisePriority()
	cfg, err := config.Load(configFile)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	log, err := zap.NewProduction()
	if err != nil {
		return fmt.Errorf("cluster: log: %w", err)
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

// control makes the weather on the networks of this process.
type control struct {
	links  *datalink.Weather // set before opened is closed
	opened chan struct{}

	mu  sync.Mutex // of out
	out io.Writer
}

// open is datalink.Open with weather.
func (c *control) open(cfg datalink.Config) (datalink.Set, error) {
	set, err := datalink.Open(cfg)
	if err != nil {
		return nil, err
	}
	c.links = datalink.NewWeather(set, cfg.Networks, rand.Uint64())
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
		if !c.do(strings.Fields(scanner.Text())) {
			return fmt.Errorf("cluster: command %q", scanner.Text())
		}
		c.say(scanner.Text())
	}
	return scanner.Err()
}

// do makes the weather that the words say; false if it cannot.
func (c *control) do(words []string) bool {
	switch {
	case len(words) == 2 && words[0] == verbCut:
		return c.links.Cut(words[1])
	case len(words) == 2 && words[0] == verbHeal:
		return c.links.Heal(words[1])
	case len(words) == 3 && words[0] == verbLose:
		share, err := strconv.ParseFloat(words[2], 64)
		return err == nil && c.links.Lose(words[1], share)
	case len(words) == 3 && words[0] == verbLate:
		late, err := time.ParseDuration(words[2])
		return err == nil && c.links.Late(words[1], late)
	}
	return false
}
