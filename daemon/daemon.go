// Package daemon runs one daemon of the cluster: it drives the engine with
// sockets and a clock, serves the sessions of clients and the admin socket,
// and shuts down politely. It takes no protocol decisions: those are the
// engine's.
//
// One goroutine, the loop, owns engine and links. Each session has a goroutine
// that reads and one that writes; they meet the loop in its mailbox and in the
// session's queue, both bounded, and no work for one session makes the loop
// wait. Run owns them all and waits for them.
package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	"mpspread/config"
	"mpspread/datalink"
	"mpspread/internal/engine"
)

// Options are what Run takes.
type Options struct {
	// Config is the configuration, as config.Load or config.Default made it.
	Config *config.Config
	// Name is the daemon's own name in it; may be empty if there is only one.
	Name string
	// Log gets one line an episode; nil: none. It may block: the loop does
	// not wait for it.
	Log *zap.Logger
	// OpenLinks opens the networks; nil: datalink.Open.
	OpenLinks func(datalink.Config) (datalink.Set, error)
	// Ready, if not nil, is called once, when clients can connect.
	Ready func()
	// Software is the program's version, for status.
	Software string
	// Realtime tells whether real-time priority is granted, which the
	// configuration may need (protocol rule 10): a warning depends on it.
	Realtime bool

	// Of tests; nil: engine.New and peerOf.
	newEngine func(engine.Config) (*engine.Engine, error)
	peerOf    func(net.Conn) (peer, error)
}

// Run runs the daemon until ctx ends or its links fail. When ctx ends it
// leaves the ring, closes the sessions, removes its sockets and returns nil.
// On a machine that was put back to an older state it goes on as a new life of
// the daemon, without the sessions (SCN-28).
// No goroutine is left when it returns, but that of a log that blocks.
func Run(ctx context.Context, o Options) error {
	self, err := o.self()
	if err != nil {
		return err
	}
	raiseProcs()
	setCollector()
	log, closeLog := asyncLog(o.Log)
	defer closeLog()
	d := &daemon{
		cfg: o.Config, self: self, name: o.Config.Daemons[self].Name, software: o.Software,
		log: log, refusals: newDamper(refusalQuiet), slots: newSlots(),
		registry: newRegistry(&o.Config.Client), stopped: make(chan struct{}),
		newEngine: engine.New, peerOf: peerOf,
	}
	if o.newEngine != nil {
		d.newEngine = o.newEngine
	}
	if o.peerOf != nil {
		d.peerOf = o.peerOf
	}
	for _, w := range d.cfg.Warnings(o.Realtime) {
		log.Warn("configuration", zap.String("key", w.Key), zap.String("warning", w.Msg))
	}
	if err := d.prepare(o.OpenLinks); err != nil {
		return err
	}
	return d.run(ctx, o.Ready)
}

// self is the index of the own daemon in the configuration.
func (o *Options) self() (int, error) {
	if o.Config == nil {
		return 0, errors.New("daemon: no configuration")
	}
	if o.Name == "" && len(o.Config.Daemons) == 1 {
		return 0, nil
	}
	self, err := o.Config.SelfByName(o.Name)
	if err != nil {
		return 0, fmt.Errorf("daemon: %w", err)
	}
	return self, nil
}

// daemon is a running daemon. What is set by prepare does not change later.
type daemon struct {
	cfg      *config.Config
	self     int
	name     string
	software string
	log      *zap.Logger
	refusals *damper
	slots    slots
	registry *registry

	tls *tls.Config // nil: clients speak in clear

	newEngine func(engine.Config) (*engine.Engine, error)
	peerOf    func(net.Conn) (peer, error)

	links     datalink.Set
	loop      *loop
	listeners []*listener
	admin     *adminServer

	stopped  chan struct{}  // closed when no new session may begin
	helpers  sync.WaitGroup // accepting and answering goroutines
	sessions sync.WaitGroup // session goroutines
}

// prepare opens links and sockets and makes the engine; nothing runs yet. If
// it fails, everything is closed again.
func (d *daemon) prepare(open func(datalink.Config) (datalink.Set, error)) (err error) {
	if open == nil {
		open = datalink.Open
	}
	if d.tls, err = LoadTLS(d.cfg); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			d.release()
		}
	}()
	if d.links, err = open(linksConfig(d.cfg, d.self)); err != nil {
		return fmt.Errorf("daemon: opening networks: %w", err)
	}
	states := d.links.States(nil)
	e, incarnation, err := d.newLife(states)
	if err != nil {
		return err
	}
	d.loop = newLoop(d, e, states, incarnation)
	if err := d.listen(); err != nil {
		return err
	}
	return d.listenAdmin()
}

// release closes what prepare opened.
func (d *daemon) release() {
	for _, l := range d.listeners {
		l.close()
	}
	if d.admin != nil {
		d.admin.listener.close()
	}
	if d.links != nil {
		if err := d.links.Close(); err != nil {
			d.log.Warn("closing networks", zap.Error(err))
		}
	}
}

// drainLimit bounds how long sessions may take to write what is queued for
// them when the daemon stops.
const drainLimit = 200 * time.Millisecond

// run lets everything run until ctx ends or the loop fails.
func (d *daemon) run(ctx context.Context, ready func()) error {
	var loopErr error
	loopDone := make(chan struct{})
	go func() {
		defer close(loopDone)
		loopErr = d.loop.run()
	}()
	for _, l := range d.listeners {
		d.helpers.Go(func() { d.accept(l) })
	}
	if d.admin != nil {
		d.admin.start()
	}
	d.helpers.Go(d.answerer)
	watchdog := startWatchdog(&d.loop.alive)
	notify("READY=1")
	d.log.Info("daemon started", zap.String("name", d.name), zap.String("cluster", d.cfg.Cluster),
		zap.String("incarnation", d.loop.incarnation), zap.Stringer("security", d.cfg.Security))
	if ready != nil {
		ready()
	}

	select {
	case <-ctx.Done():
	case <-loopDone:
	}
	notify("STOPPING=1")
	watchdog.stop()
	d.stop(loopDone)
	if loopErr != nil {
		return fmt.Errorf("daemon: %w", loopErr)
	}
	d.log.Info("daemon stopped", zap.String("name", d.name))
	return nil
}

// stop ends everything in order: no new sessions; the ring is left, which the
// loop announces; sessions get what is queued for them; sockets go.
func (d *daemon) stop(loopDone <-chan struct{}) {
	close(d.stopped)
	for _, l := range d.listeners {
		l.close()
	}
	d.loop.mailbox.stop()
	<-loopDone
	d.helpers.Wait()
	d.registry.shutAll(d.loop.sessions, drainLimit)
	d.sessions.Wait()
	if d.admin != nil {
		d.admin.stop()
	}
	d.release()
}
