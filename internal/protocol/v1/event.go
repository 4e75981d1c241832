package v1

import (
	"time"

	"recado"
)

// An Event is what a server sends: a [Welcome], [Message], [Ack], [Page], [Presence], [Count], [Gap], [Drain],
// [Pong] or [Error].
type Event interface{ event() }

// A Welcome is the answer to a [Hello].
type Welcome struct {
	Room        string
	Session     string          // the secret; the client brings it when it comes back
	You         Member          // as the others see the client
	Position    recado.Position // the Prev of the next stored frame
	Recovered   bool            // the client was resumed, without a hole
	Replay      int             // stored frames that follow before what is said from now on
	Members     []Member        // up to a limit; nil in larger rooms
	MemberCount int
	Limits      Limits
	PingSeconds int // silence after which the server pings; 0: never
}

// Limits are those that a client should know. 0 is no limit.
type Limits struct {
	MessageBytes      int
	MessagesPerSecond int
	QueueBytes        int
}

// A Message is what a member said.
type Message struct {
	Seq, Prev uint64 // both 0 if it is ephemeral
	Time      time.Time
	From      Member
	Content   Content
	Event     string // "" for none
	Ephemeral bool
}

// An Ack stands in the place of the client's own message.
type Ack struct {
	ID        string // of the Publish; "" if it had none, or did not come over this protocol
	Seq, Prev uint64
	Duplicate bool // the message had been published before: Seq and Prev are those of that time
}

// A Page is the answer to a [History], or to Hello.History.
type Page struct {
	ID       string    // of the History; "" if it had none
	Messages []Message // oldest first, the client's own among them
	More     bool      // there are earlier ones
}

// A Change is what happened to a member.
type Change string

// The changes; each is the type of its frame.
const (
	Joined  Change = "join"
	Left    Change = "leave"
	Renamed Change = "rename"
)

// A Presence says that a member has joined, left, or changed its name.
type Presence struct {
	Change Change
	Member Member
}

// A Count says how many members there are.
type Count struct {
	MemberCount int
	Members     []Member // if not nil: all of them; what the client knew is obsolete
}

// The reasons of a [Gap].
const (
	GapExpired = "expired" // the history does not reach back that far
	GapSlow    = "slow"    // the client has read too slowly
	GapEpoch   = "epoch"   // the history, or the position, is not the one that the client knew
)

// A Gap says that stored messages are missing.
type Gap struct {
	From, To uint64 // the first and the last Seq that may be missing; both 0 where nobody can know
	Missed   int    // how many; 0 where nobody knows
	Reason   string
	Position recado.Position // the Prev of the next stored frame
}

// A Drain announces that the server will close the connection, to be stopped.
type Drain struct{ ReconnectAfter time.Duration }

// A Pong answers a [Ping].
type Pong struct{}

// An Error says what is wrong with a frame of the client's. The connection goes on.
type Error struct {
	Code       string // one of the Code constants, or one that is newer
	Message    string // in English, for developers
	ID         string // of the frame, if it had one
	RetryAfter time.Duration
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func (Welcome) event()  {}
func (Message) event()  {}
func (Ack) event()      {}
func (Page) event()     {}
func (Presence) event() {}
func (Count) event()    {}
func (Gap) event()      {}
func (Drain) event()    {}
func (Pong) event()     {}
func (*Error) event()   {}
