//go:build unix

package server

import (
	"errors"
	"math"

	"golang.org/x/sys/unix"
)

// raiseFileLimit lets the process open as many files as it may, and returns how many that is.
func raiseFileLimit() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	if limit.Cur < limit.Max {
		raised := unix.Rlimit{Cur: limit.Max, Max: limit.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &raised); err == nil { // macOS may refuse; then the old one holds
			limit = raised
		}
	}
	return int(min(limit.Cur, math.MaxInt32))
}

func isInUse(err error) bool { return errors.Is(err, unix.EADDRINUSE) }
