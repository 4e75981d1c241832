package client

import (
	"strconv"
	"time"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// An Event is a [State], [Message], [Ack], [Lost], [Gap], [Page], [Presence], [Count] or a [*ServerError].
type Event interface{ event() }

// A Phase is what a client's connection is at.
type Phase int

// The phases.
const (
	Connecting   Phase = iota + 1 // for the first time
	Connected                     // the client is in the room
	Reconnecting                  // waiting for another attempt
	Draining                      // connected, but the server is about to close, and says when to come back
	Refused                       // by the server, for good: the last state before the events end
)

// String returns the name of the phase, as every interface of Recado spells it.
func (p Phase) String() string {
	switch p {
	case Connecting:
		return "connecting"
	case Connected:
		return "connected"
	case Reconnecting:
		return "reconnecting"
	case Draining:
		return "draining"
	case Refused:
		return "refused"
	}
	return "invalid"
}

// A State tells that the client's phase changed, or that another attempt to reconnect went wrong.
type State struct {
	Phase     Phase
	Recovered bool          // when Connected: it goes on where the last connection, or Config.Since, had ended
	Replay    int           // when Connected: how many messages of meanwhile, one's own too, come before what is said now
	Err       error         // when Reconnecting: why there is no connection; when Refused: a *RefusedError
	Wait      time.Duration // when Reconnecting: until the next attempt; when Draining: from the close to that
	Attempt   int           // when Reconnecting: how many attempts have been in vain since the last connection
}

// A Member is somebody in the room. Several may have the same name.
type Member struct {
	ID   recado.MemberID
	Name string
	User string // whom the member's token is for; "" where nobody knows, and in messages
}

// A Message is what a member of the room said. Its data is the receiver's.
type Message struct {
	Position  recado.Position // where to go on from, as Config.Since, when this message was dealt with; zero if it is ephemeral
	Time      time.Time
	From      Member
	Kind      recado.Kind
	Data      []byte
	Event     string // what an application calls this kind of message; "" for none
	Ephemeral bool   // it is in no history, and has no place in the order
}

// AppendJSON appends the message as an object in one line, that of a server's JSON lines but for "prev". It escapes only
// what JSON wants escaped: a terminal must not get it as it is.
func (m *Message) AppendJSON(dst []byte) []byte {
	if m.Ephemeral {
		dst = append(dst, `{"type":"message"`...)
	} else {
		dst = append(append(dst, `{"position":"`...), m.Position.String()...)
		dst = strconv.AppendUint(append(dst, `","type":"message","seq":`...), m.Position.Seq, 10)
	}
	dst = v1.AppendFields(dst, &v1.Message{
		Time: m.Time, From: v1.Member(m.From), Content: v1.Content{Kind: m.Kind, Data: m.Data},
		Event: m.Event, Ephemeral: m.Ephemeral,
	})
	return append(dst, '}')
}

// A Receipt is the place that a message got in the room's order.
type Receipt struct {
	Position  recado.Position // zero if the message is ephemeral
	Duplicate bool            // the server had it already, from before an outage
}

// An Ack tells that a message of this client is in the room. It comes in the place of the message, among those of
// the others. A message of Publish has none: its Receipt is what Publish returns.
type Ack struct {
	Receipt

	ID string // that Send or TrySend returned
}

// Lost tells that a message that was given to Send or TrySend will not be acknowledged.
type Lost struct {
	ID   string
	Err  error // wraps ErrUncertain, ErrExpired or ErrTooBig, or a *ServerError or *RefusedError
	More bool  // another Lost follows, for the same cause
}

// A Gap tells that messages of the room are missing in the events, because the server could not, or can no longer,
// send them. What follows is again complete. The reason is "expired": the history does not reach back that far,
// "slow": the events were not taken fast enough, or "epoch": the server has another history than it had.
type Gap struct {
	From, To uint64          // the Seq of the first and of the last one that may be missing; 0 where nobody can know
	Missed   int             // how many they are; 0 where nobody knows
	Position recado.Position // behind which the events go on
	Reason   string
}

// A Page is a part of the room's history, one's own messages among it. As an event it is what Config.History asked
// for.
type Page struct {
	Messages []Message // oldest first
	More     bool      // there are earlier ones
}

// A Change is what happened to a member.
type Change int

// The changes.
const (
	Joined Change = iota + 1
	Left
	Renamed
)

// String returns "joined", "left" or "renamed".
func (c Change) String() string {
	switch c {
	case Joined:
		return "joined"
	case Left:
		return "left"
	case Renamed:
		return "renamed"
	}
	return "invalid"
}

// Presence tells that somebody joined, left or changed the name. In a large room there is only [Count].
type Presence struct {
	Change Change
	Member Member // with the new name
	Was    string // when Renamed: the name before
}

// A Count tells how many members the room has. What Members returns may have changed at all points.
type Count struct{ Members int }

// Limits are what a server announces. 0 is no limit.
type Limits struct {
	MessageBytes      int // of the content of one message
	MessagesPerSecond int // what comes faster is taken more slowly
	QueueBytes        int // what may wait for a client that reads slowly
}

func (State) event()        {}
func (Message) event()      {}
func (Ack) event()          {}
func (Lost) event()         {}
func (Gap) event()          {}
func (Page) event()         {}
func (Presence) event()     {}
func (Count) event()        {}
func (*ServerError) event() {}
