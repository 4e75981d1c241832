package server

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"recado"
)

const (
	// maxRemembered bounds the addresses that are remembered besides those with open connections.
	maxRemembered = 64 << 10
	// sweepInterval is how long an address that there is nothing to remember of may be remembered.
	sweepInterval = 10 * time.Second
	// maxTold is how many connections above its limit an address may have that are told so before they end.
	maxTold = 8
)

// addresses bounds what one address can do: how many connections it has, how fast they come, how fast it publishes
// through proxies, and how often what it gives for a password or a token may be wrong. The addresses of an IPv6 network of 64 bits, which is what one
// subscriber has, are one.
type addresses struct {
	limits func() *recado.Limits

	mu    sync.Mutex // guards what follows
	known map[netip.Addr]*address
	swept time.Time
}

// An address has a limiter from its first use on.
type address struct {
	open      int // connections
	told      int // connections above the limit, not counted in open
	connects  *rate.Limiter
	failures  *rate.Limiter
	publishes rates
}

func newAddresses(l func() *recado.Limits) *addresses {
	return &addresses{limits: l, known: map[netip.Addr]*address{}}
}

// enter counts a connection until leave, or returns why it is one too many; then nothing was counted.
func (a *addresses) enter(from netip.Addr) *recado.Refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	one := a.at(from, now)
	if limit := a.limits().ConnectRate; one.connects == nil && limit != recado.Off {
		one.connects = rate.NewLimiter(rate.Limit(limit), a.limits().ConnectBurst)
	}
	if excess := a.excess(one, now); excess != nil {
		return excess
	}
	if one.connects != nil {
		one.connects.AllowN(now, 1)
	}
	one.open++
	return nil
}

// excess is why one connection more would be too many. a.mu is held.
func (a *addresses) excess(one *address, now time.Time) *recado.Refusal {
	if limit := a.limits().ConnectionsPerIP; limit != recado.Off && one.open >= limit {
		return tooMany("too_many_from_address", limit, 5*time.Second)
	}
	if wait := untilNext(one.connects, now); wait > 0 {
		return tooMany("connect_rate_limited", a.limits().ConnectRate, wait)
	}
	return nil
}

func (a *addresses) leave(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one := a.known[network(from)]; one != nil {
		one.open = max(one.open-1, 0)
	}
}

// crowded reports whether a connection would be one too many, and so many of those are open that it need not be told.
func (a *addresses) crowded(from netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.known[network(from)]
	return one != nil && one.told >= maxTold && a.excess(one, time.Now()) != nil
}

// tell counts by how many the connections have changed that enter has refused and that have not ended yet.
func (a *addresses) tell(from netip.Addr, by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one := a.known[network(from)]; one != nil {
		one.told = max(one.told+by, 0)
	}
}

// tooFast reports how long the next publish from there in a room with these limits is to wait; 0 if it need not.
func (a *addresses) tooFast(from netip.Addr, l *recado.Limits) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	return a.at(from, now).publishes.wait(l, now)
}

// mayTry returns the refusal if what was given from there for a password or a token has been wrong too often.
func (a *addresses) mayTry(from netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.known[network(from)]
	if one == nil {
		return nil
	}
	if wait := untilNext(one.failures, time.Now()); wait > 0 {
		return tooMany(recado.AuthLimited, a.limits().AuthFailures, wait)
	}
	return nil
}

// failed notes that it was wrong.
func (a *addresses) failed(from netip.Addr) {
	limit := a.limits().AuthFailures
	if limit == recado.Off {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	one := a.at(from, now)
	if one.failures == nil {
		one.failures = rate.NewLimiter(rate.Limit(float64(limit)/time.Minute.Seconds()), limit)
	}
	one.failures.AllowN(now, 1)
}

// at is what is known of the address. If too many are known, it is a new one that is known to nobody else: then the
// attack does not come from one address, and these limits are none against it. a.mu is held.
func (a *addresses) at(from netip.Addr, now time.Time) *address {
	from = network(from)
	if one := a.known[from]; one != nil {
		return one
	}
	if now.Sub(a.swept) >= sweepInterval {
		a.swept = now
		for key, one := range a.known {
			if one.forgettable(now) {
				delete(a.known, key)
			}
		}
	}
	one := new(address)
	if len(a.known) < a.limits().Connections+maxRemembered {
		a.known[from] = one
	}
	return one
}

// forgettable reports whether a new address would be the same.
func (one *address) forgettable(now time.Time) bool {
	return one.open == 0 && one.told == 0 && isFull(one.connects, now) && isFull(one.failures, now) && one.publishes.full(now)
}

// isFull reports whether a new limiter would be the same.
func isFull(l *rate.Limiter, now time.Time) bool {
	return l == nil || l.TokensAt(now) >= float64(l.Burst())
}

// untilNext is how long it takes until the limiter has one to give.
func untilNext(l *rate.Limiter, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	missing := 1 - l.TokensAt(now)
	return time.Duration(max(missing, 0) / float64(l.Limit()) * float64(time.Second))
}

// network is what stands for the address.
func network(from netip.Addr) netip.Addr {
	if from.Is6() {
		if prefix, err := from.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return from
}

// tooMany is the refusal of what is over a limit.
func tooMany(code string, limit int, wait time.Duration) *recado.Refusal {
	return &recado.Refusal{
		Code: code, Status: http.StatusTooManyRequests,
		Facts:  map[string]string{"Limit": strconv.Itoa(limit)},
		Header: map[string]string{"Retry-After": strconv.Itoa(int(wait/time.Second) + 1)},
	}
}
