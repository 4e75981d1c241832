package client

import (
	"encoding/binary"
	"time"
)

const (
	// A Recado server allows 20 control frames a second, and 100 at once: half of them are ours, the others
	// answer its pings.
	pingPace  = 100 * time.Millisecond
	pingBurst = 50
	// The bounds of what may be unconfirmed. The upper one lets 40,000 messages a second through at pingPace.
	minWindow, firstWindow, maxWindow = 16, 256, 4096
	windowBytes                       = 256 << 10
	// How fast a pong has to come for the window to grow, and how slow for it to shrink.
	quickPong, slowPong = 250 * time.Millisecond, time.Second
)

// A flow bounds what the server has not confirmed yet, and knows how much that is. A ping follows the messages;
// its pong confirms that the server has read all that was written before. So a server that reads slowly, as
// Recado's does to enforce its rates, never has so much before it that its silence looks like death.
type flow struct {
	window   int // messages
	covered  int // messages that the ping under way will confirm
	coveredB int // their bytes
	open     int // messages written after that ping
	openB    int // their bytes

	counter uint64 // of the ping under way, or of the last one
	waiting bool   // a ping is under way
	sent    time.Time
	due     time.Time // when the pings so far would have been sent at an even pace
}

func newFlow() *flow { return &flow{window: firstWindow} }

// room is how many messages, and how many bytes, may be written now; either may be 0 or less.
func (f *flow) room() (messages, size int) {
	return f.window - f.unconfirmed(), windowBytes - f.coveredB - f.openB
}

// wrote counts messages that are about to be written.
func (f *flow) wrote(messages, size int) {
	f.open += messages
	f.openB += size
}

// unconfirmed is the number of messages that the server may not have read.
func (f *flow) unconfirmed() int { return f.covered + f.open }

// ping returns the payload of the ping that is due now. If none is due, wait says when to ask again;
// 0 means not before something is written or confirmed. The last ping of a connection is due at once.
func (f *flow) ping(now time.Time, last bool) (payload []byte, wait time.Duration) {
	if f.waiting || f.open == 0 {
		return nil, 0
	}
	if wait := f.due.Add(-(pingBurst - 1) * pingPace).Sub(now); !last && wait > 0 {
		return nil, wait
	}
	if f.due.Before(now) {
		f.due = now
	}
	f.due = f.due.Add(pingPace)
	f.counter++
	f.waiting, f.sent = true, now
	f.covered, f.coveredB, f.open, f.openB = f.open, f.openB, 0, 0
	return binary.BigEndian.AppendUint64(nil, f.counter), 0
}

// pong takes the payload of a pong. Those that answer other pings mean nothing.
func (f *flow) pong(payload []byte, now time.Time) {
	if !f.waiting || len(payload) != 8 || binary.BigEndian.Uint64(payload) != f.counter {
		return
	}
	f.waiting = false
	f.covered, f.coveredB = 0, 0
	switch took := now.Sub(f.sent); {
	case took <= quickPong:
		f.window = min(2*f.window, maxWindow)
	case took >= slowPong:
		f.window = max(f.window/2, minWindow)
	}
}
