package server

import (
	"errors"
	"math"

	"golang.org/x/sys/windows"
)

// raiseFileLimit returns the largest number: Windows limits sockets by memory only.
func raiseFileLimit() int { return math.MaxInt32 }

func isInUse(err error) bool { return errors.Is(err, windows.WSAEADDRINUSE) }
