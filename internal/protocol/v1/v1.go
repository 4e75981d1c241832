// Package v1 is the wire format recado.v1: one JSON object in each text frame. It knows no connection and no room;
// docs/protocol.md says what the frames mean.
package v1

import "recado"

// Subprotocol is the name of the protocol in a WebSocket handshake.
const Subprotocol = "recado.v1"

// FrameLimit is the largest frame, in bytes, that a message of messageSize bytes can need: JSON may write
// each of them as six.
func FrameLimit(messageSize int) int { return 6*messageSize + 4<<10 }

// A Member is how a member of a room is shown to the others.
type Member struct {
	ID   recado.MemberID // zero, and not on the wire, for who published outside of any session
	Name string
	User string // whom the member's token is for; "", and not on the wire, for nobody known
}

// A Content is what a message says: exactly one of the fields "text", "json" and "base64" on the wire.
type Content struct {
	Kind recado.Kind
	Data []byte
}

// FromMessage returns m as recado.v1 shows it. Its Content shares m.Data.
func FromMessage(m *recado.Message) Message {
	return Message{
		Seq:       m.Seq,
		Prev:      m.Prev,
		Time:      m.Time,
		From:      Member{ID: m.Sender, Name: m.From()},
		Content:   Content{Kind: m.Kind, Data: m.Data},
		Event:     m.Event,
		Ephemeral: m.Ephemeral,
	}
}
