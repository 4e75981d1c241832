// Package uring writes to many sockets by one system call, with Linux's io_uring. Elsewhere there are no rings. It knows
// nothing of what it writes.
package uring

import "errors"

// Size is how many writes one system call takes at most. The scheduler and the garbage collector wait for it, so it
// is not to take much longer than 0.1 ms.
const Size = 64

var (
	// ErrUnsupported is why there is no ring: the system has none, or does not let this program have one.
	ErrUnsupported = errors.New("io_uring is not available")
	// ErrFull is the result of a socket that takes nothing now.
	ErrFull = errors.New("socket buffer full")
)
