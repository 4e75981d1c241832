package client

import (
	"errors"
	"fmt"
	"time"

	"recado"
)

// What callers branch on. The errors of methods wrap them.
var (
	// ErrURL: Config.URL is not the address of a room.
	ErrURL = errors.New("not the address of a room")
	// ErrClosed: the client was closed, by Close, Finish or the end of its context.
	ErrClosed = errors.New("the client is closed")
	// ErrContent: a message has no content that could be sent: text that is not UTF-8, JSON that is none, or two
	// contents at once.
	ErrContent = errors.New("not a message")
	// ErrTooBig: a message is bigger than the server takes; see [Client.Limits].
	ErrTooBig = errors.New("the message is too big")
	// ErrOutboxFull: as many messages as Config.Outbox says wait to be sent or acknowledged.
	ErrOutboxFull = errors.New("the outbox is full")
	// ErrExpired: a message waited longer than Config.OutboxAge for a connection. It was never sent.
	ErrExpired = errors.New("the message waited too long for a connection")
	// ErrOffline: there was no connection for an ephemeral message, which does not wait for one.
	ErrOffline = errors.New("there is no connection")
	// ErrUncertain: a message was sent, but whether it arrived can no longer be known, because the server's
	// history or our session was lost before the acknowledgement. It may be in the room; sent again, it would
	// perhaps be there twice.
	ErrUncertain = errors.New("the message may have arrived or not")
)

// Why a connection, or an attempt to get one, may have ended: see State.Err. Others are network errors, those of
// crypto/tls and crypto/x509, and [CloseError].
var (
	// ErrNotRecado: a WebSocket server, but one that does not speak recado.v1. It comes in a [RefusedError].
	ErrNotRecado = errors.New("the server does not speak recado.v1")
	// ErrNotWebSocket: the server's answer is none of a WebSocket server. It may come in a [RefusedError].
	ErrNotWebSocket = errors.New("not a WebSocket server")
	// ErrTLSMissing: the address says wss, but the server does not speak TLS.
	ErrTLSMissing = errors.New("the server does not speak TLS")
	// ErrTLSNeeded: the address says ws, but the server speaks TLS.
	ErrTLSNeeded = errors.New("the server speaks TLS")
	// ErrSilent: the server has not even answered a ping.
	ErrSilent = errors.New("the server does not answer")
	// ErrResync: what the server sent has a hole. The client connects again, and resumes before the hole.
	ErrResync = errors.New("a message is missing in what the server sent")
)

// A RefusedError is the server's answer that it will not have this client: trying again is of no use.
type RefusedError struct {
	Status  int              // of the HTTP answer; 0 if the refusal came later
	Close   recado.CloseCode // of the close frame; 0 if the refusal came otherwise
	Code    string           // stable id such as "origin_refused"; empty if the server gave none
	Message string           // what the server says about it, for a person; do not trust it
	Hint    string           // what the server says that can be done
	Err     error            // ErrNotRecado, ErrNotWebSocket, or nil
}

// Error names the id, or the status, and what the server says.
func (e *RefusedError) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
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

// Unwrap returns Err.
func (e *RefusedError) Unwrap() error { return e.Err }

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

// A ServerError is what the server says is wrong with something that it was sent. The connection goes on.
// It is the error of what was asked for, or, where that cannot be told, an event: such as the code "rate_limited",
// after which nothing is lost, but all that is sent is taken more slowly.
type ServerError struct {
	Code       string // stable; docs/protocol.md has them all
	Message    string // in English, for developers
	RetryAfter time.Duration
}

// Error returns the code and the message.
func (e *ServerError) Error() string { return e.Code + ": " + e.Message }

// Is makes the server's word for a message that is too big an ErrTooBig.
func (e *ServerError) Is(target error) bool {
	return target == ErrTooBig && e.Code == "message_too_big"
}

// A LostError says how many messages that were given to Send and TrySend are not known to have arrived.
type LostError struct {
	Uncertain int   // may have arrived
	Unsent    int   // did not arrive
	Err       error // what became of the last one
}

// Error counts them.
func (e *LostError) Error() string {
	return fmt.Sprintf("messages lost: %d never sent, %d perhaps: %v", e.Unsent, e.Uncertain, e.Err)
}

// Unwrap returns Err.
func (e *LostError) Unwrap() error { return e.Err }
