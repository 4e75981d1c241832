package server

import (
	"log/slog"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// Lines in the log about what was refused, beyond which refusals are only counted.
const (
	refusalRate  = 20 // a second
	refusalBurst = 100
)

// refusals logs each refusal while there are few, and sums while there are many: an attack must not fill the disk.
type refusals struct {
	out   *slog.Logger
	limit *rate.Limiter
	left  atomic.Int64 // not logged
}

func newRefusals(out *slog.Logger) *refusals {
	return &refusals{out: out, limit: rate.NewLimiter(refusalRate, refusalBurst)}
}

func (r *refusals) log(message string, facts ...any) {
	if !r.limit.Allow() {
		r.left.Add(1)
		return
	}
	if n := r.left.Swap(0); n > 0 {
		r.out.Info("more was refused", "requests", n)
	}
	r.out.Info(message, facts...) //nolint:sloglint // each caller has a constant
}
