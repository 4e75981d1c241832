package main

import (
	"math"
	"os"
)

// nobodyReads reports that stream is a pipe whose reader has gone. Here only writing to it can tell.
func nobodyReads(any) bool { return false }

// fileLimit is how many files a process may open: Windows has no limit.
func fileLimit() (soft, hard int) { return math.MaxInt32, math.MaxInt32 }

// askToEnd ends a command: Windows has no gentler way that all of them know.
func askToEnd(process *os.Process) error { return process.Kill() }
