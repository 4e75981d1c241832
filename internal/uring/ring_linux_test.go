package uring_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"recado/internal/uring"
)

// Where the system has no rings, New says so, and that is all there is to test.
func newRing(t *testing.T) *uring.Ring {
	t.Helper()
	r, err := uring.New()
	if err != nil {
		if !errors.Is(err, uring.ErrUnsupported) {
			t.Errorf("New() = %v, want a ring or %v", err, uring.ErrUnsupported)
		}
		t.Logf("no ring here: %v", err)
		return nil
	}
	t.Cleanup(r.Close)
	return r
}

// pair returns both ends of a stream.
func pair(t *testing.T) (near, far int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func received(t *testing.T, fd int) string {
	t.Helper()
	p := make([]byte, 1<<20)
	n, err := unix.Read(fd, p)
	if err != nil && !errors.Is(err, unix.EAGAIN) {
		t.Fatal(err)
	}
	return string(p[:max(n, 0)])
}

// Each socket gets its own bytes, in order, as often as the ring goes round.
func TestWrite(t *testing.T) {
	r := newRing(t)
	if r == nil {
		return
	}
	var near, far [10]int
	for i := range near {
		near[i], far[i] = pair(t)
	}
	if n := r.Write(); n != 0 {
		t.Errorf("Write() of nothing = %d, want 0", n)
	}
	for round := range 100 {
		var want [10]string
		for i := range 1 + round%uring.Size {
			at := i % len(near)
			p := fmt.Sprintf("%d of round %d;", i, round)
			want[at] += p
			if queued := r.Add(near[at], []byte(p)); queued != i+1 {
				t.Fatalf("Add = %d, want %d", queued, i+1)
			}
		}
		done := r.Write()
		if want := 1 + round%uring.Size; done != want {
			t.Fatalf("round %d: Write() = %d, want %d", round, done, want)
		}
		for i := range done {
			if n, err := r.Result(i); n == 0 || err != nil {
				t.Errorf("round %d: Result(%d) = %d, %v", round, i, n, err)
			}
		}
		for i := range far {
			if got := received(t, far[i]); got != want[i] {
				t.Errorf("round %d: socket %d has received %q, want %q", round, i, got, want[i])
			}
		}
	}
}

// What one socket does not take says nothing of the others.
func TestResult(t *testing.T) {
	r := newRing(t)
	if r == nil {
		return
	}
	full, fullFar := pair(t)
	broken, brokenFar := pair(t)
	good, goodFar := pair(t)
	filler := bytes.Repeat([]byte("x"), 1<<20)
	r.Add(full, filler)
	r.Write()
	taken, err := r.Result(0)
	if taken == 0 || taken == len(filler) || err != nil {
		t.Fatalf("Result of %d bytes = %d, %v, want some", len(filler), taken, err)
	}
	_ = unix.Shutdown(brokenFar, unix.SHUT_RDWR)
	r.Add(full, filler)
	r.Add(broken, []byte("in vain"))
	r.Add(-1, []byte("in vain"))
	r.Add(good, []byte("oi"))
	if n := r.Write(); n != 4 {
		t.Fatalf("Write() = %d, want 4", n)
	}
	for i, want := range []error{uring.ErrFull, unix.EPIPE, unix.EBADF, nil} {
		if n, err := r.Result(i); !errors.Is(err, want) || (err == nil) != (n == 2) {
			t.Errorf("Result(%d) = %d, %v, want %v", i, n, err, want)
		}
	}
	if got := received(t, goodFar); got != "oi" {
		t.Errorf("received %q, want oi", got)
	}
	if got := received(t, fullFar); got == "" {
		t.Error("nothing of what the full socket took has arrived")
	}
}

// Both ways to write 64 bytes to each of so many sockets as one system call takes.
func BenchmarkWrite(b *testing.B) {
	message := bytes.Repeat([]byte("m"), 64)
	sink := make([]byte, 1<<20)
	var near, far [uring.Size]int
	for i := range near {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			b.Fatal(err)
		}
		near[i], far[i] = fds[0], fds[1]
		b.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	}
	drain := func(b *testing.B) {
		b.Helper()
		b.StopTimer()
		for _, fd := range far {
			_, _ = unix.Read(fd, sink)
		}
		b.StartTimer()
	}
	b.Run("ring", func(b *testing.B) {
		r, err := uring.New()
		if err != nil {
			b.Log(err)
			return
		}
		defer r.Close()
		for b.Loop() {
			for _, fd := range near {
				r.Add(fd, message)
			}
			r.Write()
			drain(b)
		}
	})
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			for _, fd := range near {
				_ = unix.Send(fd, message, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
			}
			drain(b)
		}
	})
}
