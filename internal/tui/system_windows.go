package tui

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// watchSize never sends anything: Windows has no signal for it, and the size is looked up at every change.
func watchSize() (changed <-chan os.Signal, stop func()) { return nil, func() {} }

// enableSequences lets the console understand escape sequences, which it does since Windows 10.
func enableSequences(out *os.File) (restore func(), able bool) {
	handle := windows.Handle(out.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return func() {}, false
	}
	if windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
		return func() {}, false
	}
	return func() {
		_ = windows.SetConsoleMode(handle, mode) // the program ends: nothing is left to do
	}, true
}

// IsClosedPipe tells that nobody reads any more what is being written.
func IsClosedPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, syscall.EPIPE)
}
