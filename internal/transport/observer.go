package transport

import (
	"recado"
	v1 "recado/internal/protocol/v1"
)

// An Observer is told what happens to the connections, for statistics. Its methods may be called concurrently, and
// with a connection locked: they must not block. A protocol is "raw", "recado.v1", "sse", "ndjson" or "text".
type Observer interface {
	Connected(protocol string)
	// Disconnected tells which code ended a connection; a client can choose any.
	Disconnected(protocol string, code recado.CloseCode)
	// Published tells that a message of so many bytes was published, or that it had been before. It is called for each.
	Published(protocol string, size int, duplicate bool)
	// Slowed tells that a connection is over its message rate and is read more slowly; it is called for each message.
	Slowed()
	// Erred tells the code of an error that a client of recado.v1 was sent.
	Erred(code string)
	// Resumed tells how a client fared that came back with a position.
	Resumed(o Outcome)
	// Slow tells that a client has not read what waits for it.
	Slow(f Fate)
}

// An Outcome is what came of a resume: that nothing was missed, or the reason of the gap.
type Outcome string

// The outcomes.
const (
	Recovered  Outcome = "recovered"
	Expired    Outcome = v1.GapExpired
	OtherEpoch Outcome = v1.GapEpoch
)

// A Fate is what happens to a slow client.
type Fate string

// The fates.
const (
	Overflowed Fate = "overflowed" // its queue was full, and it was disconnected
	Stalled    Fate = "stalled"    // it took nothing for too long, and was disconnected
	Skipped    Fate = "skipped"    // its queue was full, and it goes on with what the history has
)

// unobserved is the observer of a Transport without one.
type unobserved struct{}

func (unobserved) Connected(string)                      {}
func (unobserved) Disconnected(string, recado.CloseCode) {}
func (unobserved) Published(string, int, bool)           {}
func (unobserved) Slowed()                               {}
func (unobserved) Erred(string)                          {}
func (unobserved) Resumed(Outcome)                       {}
func (unobserved) Slow(Fate)                             {}
