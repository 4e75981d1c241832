//go:build !windows

package tui

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// watchSize sends something whenever the terminal's size has changed.
func watchSize() (changed <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH)
	return signals, func() { signal.Stop(signals) }
}

// enableSequences lets the terminal understand escape sequences; those of Unix do.
func enableSequences(*os.File) (restore func(), able bool) { return func() {}, true }

// IsClosedPipe tells that nobody reads any more what is being written.
func IsClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
