//go:build unix

package main

import (
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nobodyReads reports that stream is a pipe whose reader has gone. Without a message to write, that goes unnoticed.
func nobodyReads(stream any) bool {
	file, is := stream.(*os.File)
	if !is {
		return false
	}
	watched := []unix.PollFd{{Fd: int32(file.Fd())}} // no events: only errors
	n, err := unix.Poll(watched, 0)
	return err == nil && n > 0 && watched[0].Revents&unix.POLLERR != 0
}

// fileLimit is how many files a process may open, as it is and as it could be raised to.
func fileLimit() (soft, hard int) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32, math.MaxInt32
	}
	return int(min(limit.Cur, math.MaxInt32)), int(min(limit.Max, math.MaxInt32))
}

// askToEnd lets a command end by itself.
func askToEnd(process *os.Process) error { return process.Signal(syscall.SIGTERM) }
