package server

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"recado"
)

// number is the nth address of IPv6, each in a network of its own.
func number(n int) netip.Addr {
	b := [16]byte{0x20, 0x01}
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	b[15] = byte(n) // within the network
	return netip.AddrFrom16(b)
}

func newLimited(l recado.Limits) *addresses {
	l = l.WithDefaults()
	l.Connections = max(l.Connections, 10)
	return newAddresses(func() *recado.Limits { return &l })
}

// What is known of an address is forgotten when there is nothing to remember, and never more is known than there may be.
func TestAddressesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newLimited(recado.Limits{})
		for n := range 200_000 { // at once
			from := number(n)
			if err := a.enter(from); err != nil {
				t.Fatalf("address %d: %v", n, err)
			}
			a.failed(from)
			a.tooFast(from, a.limits())
			a.leave(from)
		}
		if n, most := len(a.known), a.limits().Connections+maxRemembered; n > most {
			t.Errorf("%d addresses are known, the limit is %d", n, most)
		}
		stays := number(1)
		_ = a.enter(stays)
		time.Sleep(time.Minute)
		_ = a.enter(number(-1))
		if n := len(a.known); n != 2 || a.known[network(stays)] == nil {
			t.Errorf("%d addresses are known after a minute, want those of the two connections", n)
		}
	})
}

// The limits last as long as they must, and not longer.
func TestAddressesTakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newLimited(recado.Limits{ConnectRate: 2, ConnectBurst: 3, ConnectionsPerIP: recado.Off, AuthFailures: 6})
		from := netip.MustParseAddr("192.0.2.7")
		code := func(refusal *recado.Refusal) string {
			if refusal == nil {
				return ""
			}
			return refusal.Code + " " + refusal.Header["Retry-After"]
		}
		want := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		for range 3 {
			want("burst", code(a.enter(from)), "")
		}
		want("beyond", code(a.enter(from)), "connect_rate_limited 1")
		time.Sleep(time.Second)
		for range 2 {
			want("a second later", code(a.enter(from)), "")
		}
		want("beyond", code(a.enter(from)), "connect_rate_limited 1")
		for range 6 {
			if err := a.mayTry(from); err != nil {
				t.Errorf("guess: %v", err)
			}
			a.failed(from)
		}
		refusal, _ := errors.AsType[*recado.Refusal](a.mayTry(from))
		want("a guess more", code(refusal), "auth_rate_limited 11")
		time.Sleep(10 * time.Second)
		if err := a.mayTry(from); err != nil {
			t.Errorf("10 s later: %v", err)
		}
	})
}

// A rate is as long as there is something to remember of it: limits that were reloaded are other ones.
func TestRatesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r rates
		for range 5 {
			l := recado.Limits{MessageRate: 2, MessageBurst: 1}
			if got := r.wait(&l, time.Now()); got != 0 {
				t.Errorf("the first message waits for %v", got)
			}
			if got := r.wait(&l, time.Now()); got != time.Second/2 {
				t.Errorf("the second message waits for %v, want half a second", got)
			}
			time.Sleep(time.Second)
		}
		if len(r) != 1 {
			t.Errorf("%d rates are known, want the last one", len(r))
		}
	})
}
