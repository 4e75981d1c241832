package certificate

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"go.uber.org/zap/zapcore"
)

// A core passes what certmagic has to say on to our own log. What it tells of its progress is for debugging.
type core struct {
	log    *slog.Logger
	fields []zapcore.Field
}

var _ zapcore.Core = (*core)(nil)

func (c *core) Enabled(level zapcore.Level) bool {
	return c.log.Enabled(context.Background(), levelOf(level))
}

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{log: c.log, fields: slices.Concat(c.fields, fields)}
}

func (c *core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	facts := zapcore.NewMapObjectEncoder()
	for _, f := range slices.Concat(c.fields, fields) {
		f.AddTo(facts)
	}
	pairs := []any{"event", e.Message}
	for _, key := range slices.Sorted(maps.Keys(facts.Fields)) {
		pairs = append(pairs, key, facts.Fields[key])
	}
	c.log.Log(context.Background(), levelOf(e.Level), "certificates", pairs...)
	return nil
}

func (c *core) Sync() error { return nil }

// levelOf makes errors warnings: the server goes on, and so do the attempts.
func levelOf(level zapcore.Level) slog.Level {
	if level >= zapcore.WarnLevel {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
