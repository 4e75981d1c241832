package transport

import (
	"context"
	"log/slog"
	"sync/atomic"

	"golang.org/x/time/rate"

	"recado"
)

// Message lines in the log, beyond which messages are only counted: the log must not cost more than the relay.
const (
	logRate  = 20 // a second
	logBurst = 100
)

// relayed logs each message while there are few, and sums while there are many.
type relayed struct {
	out      *slog.Logger
	limit    *rate.Limiter
	messages atomic.Int64 // not logged one by one
	bytes    atomic.Int64
}

func newRelayed(out *slog.Logger) *relayed {
	return &relayed{out: out, limit: rate.NewLimiter(logRate, logBurst)}
}

func (r *relayed) log(s *session, kind recado.Kind, data []byte) {
	ctx := context.Background()
	if !r.out.Enabled(ctx, slog.LevelInfo) {
		return
	}
	if !r.limit.Allow() {
		r.messages.Add(1)
		r.bytes.Add(int64(len(data)))
		return
	}
	facts := []any{"id", s.member.ID, "room", s.member.Room(), "kind", kind.String(), "bytes", len(data)}
	if r.out.Enabled(ctx, slog.LevelDebug) && kind == recado.Text {
		facts = append(facts, "text", string(data))
	}
	r.out.Info("message relayed", facts...)
}

// flush logs the sum of what was not logged one by one.
func (r *relayed) flush() {
	if n := r.messages.Swap(0); n > 0 {
		r.out.Info("messages relayed", "messages", n, "bytes", r.bytes.Swap(0))
	}
}
