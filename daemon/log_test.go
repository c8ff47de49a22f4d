package daemon

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// blockingCore does not write before it is let.
type blockingCore struct {
	zapcore.Core
	let chan struct{}
}

func (c blockingCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, c)
}

func (c blockingCore) Write(e zapcore.Entry, f []zapcore.Field) error {
	<-c.let
	return c.Core.Write(e, f)
}

// TestLogDoesNotBlock: a log that cannot be written does not hold up who logs;
// what is lost is told.
func TestLogDoesNotBlock(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	let := make(chan struct{})
	log, end := asyncLog(zap.New(blockingCore{core, let}))
	for i := range 2 * logBacklog {
		log.Info(fmt.Sprint(i))
	}
	close(let)
	end()
	if n := logs.Len(); n < logBacklog || n > logBacklog+5 {
		t.Errorf("%d lines", n)
	}
	if logs.FilterMessage("log lines dropped").Len() == 0 {
		t.Error("nothing says that lines were dropped")
	}
	if logs.All()[0].Message != "0" {
		t.Errorf("first line %q", logs.All()[0].Message)
	}
}

func TestLogLevels(t *testing.T) {
	core, logs := observer.New(zapcore.WarnLevel)
	log, end := asyncLog(zap.New(core))
	log = log.With(zap.String("daemon", "h1"))
	log.Info("hidden")
	log.Warn("shown")
	end()
	if logs.Len() != 1 || logs.All()[0].ContextMap()["daemon"] != "h1" {
		t.Errorf("%v", logs.All())
	}
	nop, end := asyncLog(nil)
	nop.Error("nowhere")
	end()
}

func TestDamper(t *testing.T) {
	d := newDamper(time.Hour)
	if !d.pass("a") || d.pass("a") || !d.pass("b") {
		t.Error("one line for each key, once")
	}
	for i := range 2 * maxDamped {
		d.pass(fmt.Sprint(i))
	}
	if len(d.last) > maxDamped {
		t.Errorf("%d keys remembered", len(d.last))
	}
	none := newDamper(0)
	for range 2 {
		if !none.pass("a") {
			t.Error("over time it passes again")
		}
	}
}
