package main

import (
	"fmt"
	"io/fs"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logger writes to stderr: lines for people if that is a terminal, else JSON,
// one object a line, for the journal and the like.
func (a *app) logger(level string) (*zap.Logger, error) {
	least, ok := levels[level]
	if !ok {
		return nil, usageError{fmt.Errorf("--log-level is debug, info, warn or error, not %q", level)}
	}
	settings := zap.NewProductionEncoderConfig()
	settings.EncodeTime = zapcore.ISO8601TimeEncoder
	settings.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder
	if a.terminal {
		settings.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder
	}
	return zap.New(zapcore.NewCore(encoder(settings), zapcore.Lock(zapcore.AddSync(a.stderr)), least)), nil
}

var levels = map[string]zapcore.Level{
	"debug": zapcore.DebugLevel, "info": zapcore.InfoLevel, "warn": zapcore.WarnLevel, "error": zapcore.ErrorLevel,
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}
