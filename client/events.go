package client

import (
	"fmt"
	"time"

	"recado"
)

// An Event is a [State], a [Message] or a [Lost].
type Event interface{ event() }

// A Phase is what a client's connection is at.
type Phase int

// The phases.
const (
	Connecting   Phase = iota + 1 // for the first time
	Connected                     // messages flow
	Reconnecting                  // waiting for another attempt
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
	case Refused:
		return "refused"
	}
	return "invalid"
}

// A State tells that the client's phase changed, or that another attempt to reconnect went wrong.
type State struct {
	Phase   Phase
	Err     error         // when Reconnecting: why there is no connection; when Refused: a *RefusedError
	Wait    time.Duration // when Reconnecting: until the next attempt
	Attempt int           // when Reconnecting: how many attempts have been in vain since the last connection
}

// A Message is what another member of the room said. Its data is the receiver's.
type Message struct {
	Kind recado.Kind
	Data []byte
}

// Lost tells of messages that did not reach the room, or may not have.
type Lost struct {
	Uncertain int // the connection ended before the server had confirmed them
	Unsent    int // waited too long for a connection, or were left when the server refused the client
}

func (State) event()   {}
func (Message) event() {}
func (Lost) event()    {}

// A LostError says how many of a client's messages were lost, or may have been.
type LostError struct {
	Lost Lost
	Err  error // why there was no connection to send them over, the last time
}

// Error counts them.
func (e *LostError) Error() string {
	return fmt.Sprintf("messages lost: %d never sent, %d perhaps: %v", e.Lost.Unsent, e.Lost.Uncertain, e.Err)
}

// Unwrap returns why there was no connection.
func (e *LostError) Unwrap() error { return e.Err }

// A CloseError is the close frame with which the server ended a connection.
type CloseError struct {
	Code   recado.CloseCode // recado.CloseNoStatus if the frame had none
	Reason string           // a short id, or whatever else the server wrote: do not trust it
}

// Error names the code and the reason.
func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("closed by the server with %d", e.Code)
	}
	return fmt.Sprintf("closed by the server with %d: %s", e.Code, e.Reason)
}

// A RefusedError is the server's answer that it will not have this client: trying again is of no use.
type RefusedError struct {
	Status  int              // of the HTTP answer; 0 if the refusal came as a close frame
	Close   recado.CloseCode // of the close frame; 0 if the refusal came as an HTTP answer
	Code    string           // stable id such as "origin_refused"; empty if the server gave none
	Message string           // what the server says about it, for a person; do not trust it
	Hint    string           // what the server says that can be done
}

// Error names the id, or the status, and what the server says.
func (e *RefusedError) Error() string {
	what := e.Code
	if what == "" && e.Status != 0 {
		what = fmt.Sprintf("HTTP status %d", e.Status)
	}
	if e.Close != 0 {
		what = fmt.Sprintf("%d %s", e.Close, e.Code)
	}
	if e.Message != "" {
		return fmt.Sprintf("refused by the server: %s: %s", what, e.Message)
	}
	return "refused by the server: " + what
}
