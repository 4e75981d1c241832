//go:build !linux

package transport

import (
	"net"
	"syscall"
)

// A poller is what this system does without: each session has a goroutine that waits.
type poller struct{}

func (poller) adopt(net.Conn, syscall.RawConn, *session) link { return nil }

func (poller) close() {}
