package client

import (
	"errors"
	"time"
)

// maxHint bounds how long a server can keep its clients away with Retry-After.
const maxHint = 5 * time.Minute

// A backoff says how long to wait before another attempt: random, up to a bound that doubles each time
// ("full jitter"), so that the clients of a restarted server do not come back all at once.
type backoff struct {
	base, limit time.Duration
	random      func() float64 // in [0, 1)
	attempt     int            // in vain, since the last reset
}

// after is the wait after a connection or an attempt that ended with err; drain is what the server has announced
// about that, or 0.
func (b *backoff) after(err error, drain time.Duration) time.Duration {
	var hint time.Duration
	if unavailable, is := errors.AsType[*unavailableError](err); is {
		hint = unavailable.retryAfter
	}
	wait := b.next(hint)
	switch {
	case drain > 0:
		return min(drain, maxHint) // the server has spread its clients
	case b.attempt == 1 && errors.Is(err, ErrResync):
		return 0 // nobody else has this trouble now
	}
	return wait
}

// next is the wait after one more attempt in vain; hint is what the server asked for, or 0.
func (b *backoff) next(hint time.Duration) time.Duration {
	bound := b.base
	for range b.attempt {
		if bound *= 2; bound >= b.limit {
			break
		}
	}
	b.attempt++
	wait := time.Duration(b.random() * float64(min(bound, b.limit)))
	if hint > 0 {
		return min(hint, maxHint) + wait // the random part keeps those who got the same hint apart
	}
	return wait
}

func (b *backoff) reset() { b.attempt = 0 }
