package recado

import (
	"errors"
	"fmt"
)

// What callers branch on.
var (
	ErrRoomName = errors.New("not a room name")
	ErrRooms    = errors.New("too many rooms")
	ErrName     = errors.New("not a name")
	ErrClosed   = errors.New("closed")
)

// A Refusal is an answer that a client's developer will read: why a request was not served.
// Its texts, in both languages, belong to the code; the code itself is never translated.
//
//nolint:errname // an answer to a client first, an error on its way there
type Refusal struct {
	Code   string            // stable, such as "origin_refused"
	Status int               // of HTTP
	Facts  map[string]string // what the texts mention, by the name they use
	Header map[string]string // additional response headers
}

// Error names the code and the facts, for logs.
func (r *Refusal) Error() string {
	if len(r.Facts) == 0 {
		return r.Code
	}
	return fmt.Sprintf("%s %v", r.Code, r.Facts)
}

// A CloseCode tells a WebSocket client why its connection ends (RFC 6455, section 7.4).
type CloseCode uint16

// The codes that Recado sends, or shows in its log.
const (
	CloseNormal      CloseCode = 1000
	CloseGoingAway   CloseCode = 1001 // the server stops
	CloseProtocol    CloseCode = 1002
	CloseUnsupported CloseCode = 1003
	CloseNoStatus    CloseCode = 1005 // never sent: the client's close frame had no code
	CloseAbnormal    CloseCode = 1006 // never sent: the connection ended without a close frame
	CloseInvalidData CloseCode = 1007 // text that is not UTF-8, compressed data that cannot be inflated
	ClosePolicy      CloseCode = 1008
	CloseTooBig      CloseCode = 1009
	CloseInternal    CloseCode = 1011
	CloseRestart     CloseCode = 1012
	CloseOverloaded  CloseCode = 1013
	CloseResync      CloseCode = 4000 // the client is to connect again and resume
	CloseSlow        CloseCode = 4001 // more was waiting than the queue may hold
	CloseFlood       CloseCode = 4002 // too many control frames
	CloseReplaced    CloseCode = 4003 // another connection has brought the same session
	ClosePingTimeout CloseCode = 4004
	CloseLogin       CloseCode = 4500 // a token is needed
	CloseToken       CloseCode = 4501 // the token is invalid, or has expired
	CloseForbidden   CloseCode = 4502 // the token does not allow it in this room
	CloseMisuse      CloseCode = 4504 // recado.v1 was not spoken as it must be
)

// Reason is the short id that goes with the code; clients translate it.
func (c CloseCode) Reason() string {
	switch c {
	case CloseNormal:
		return "bye"
	case CloseGoingAway:
		return "going_away"
	case CloseProtocol:
		return "protocol_error"
	case CloseUnsupported:
		return "wrong_frame_type"
	case CloseInvalidData:
		return "invalid_data"
	case ClosePolicy:
		return "policy"
	case CloseTooBig:
		return "message_too_big"
	case CloseInternal:
		return "internal_error"
	case CloseRestart:
		return "restarting"
	case CloseOverloaded:
		return "overloaded"
	case CloseResync:
		return "resync"
	case CloseSlow:
		return "slow_reader"
	case CloseFlood:
		return "flood"
	case CloseReplaced:
		return "session_replaced"
	case ClosePingTimeout:
		return "ping_timeout"
	case CloseLogin:
		return AuthRequired
	case CloseToken:
		return AuthInvalid
	case CloseForbidden:
		return RoomForbidden
	case CloseMisuse:
		return "protocol_misuse"
	}
	return ""
}
