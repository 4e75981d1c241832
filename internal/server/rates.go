package server

import (
	"maps"
	"time"

	"recado"

	"golang.org/x/time/rate"
)

// rates are those at which one client publishes over HTTP, by the limits of the rooms: those of all rooms, and those of
// each rule.
type rates map[*recado.Limits]*rate.Limiter

// wait is how long the next message in a room with these limits has to wait; if it need not, it is counted.
func (r *rates) wait(l *recado.Limits, now time.Time) time.Duration {
	limiter := (*r)[l]
	if limiter == nil {
		if *r == nil {
			*r = rates{}
		}
		r.full(now)
		limiter = rate.NewLimiter(rate.Limit(l.MessageRate), l.MessageBurst)
		(*r)[l] = limiter
	}
	wait := untilNext(limiter, now)
	if wait == 0 {
		limiter.AllowN(now, 1)
	}
	return wait
}

// full forgets what need not be known any more, such as the limits before a reload, and reports whether that was all.
func (r rates) full(now time.Time) bool {
	maps.DeleteFunc(r, func(_ *recado.Limits, l *rate.Limiter) bool { return isFull(l, now) })
	return len(r) == 0
}
