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
	ID   recado.MemberID `json:"id"`
	Name string          `json:"name"`
}

// A Content is what a message says: exactly one of the fields "text", "json" and "base64" on the wire.
type Content struct {
	Kind recado.Kind
	Data []byte
}
