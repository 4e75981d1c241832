// Package ndjson is the wire format of a stream of JSON objects, one a line: the frames of recado.v1 with the position
// that each leaves its reader at.
package ndjson

import (
	"recado"
	v1 "recado/internal/protocol/v1"
)

// A Format turns messages into lines. Epoch is the one of their positions.
type Format struct{ Epoch string }

// Append appends the line of m.
func (f Format) Append(dst []byte, m *recado.Message) []byte { return append(f.Object(dst, m), '\n') }

// AppendOwn appends the line that m's own sender gets: an ack, in its place.
func (f Format) AppendOwn(dst []byte, m *recado.Message) []byte {
	if m.Ephemeral {
		return dst
	}
	return append(f.OwnObject(dst, m), '\n')
}

// AppendEvent appends a line that is no message.
func (Format) AppendEvent(dst []byte, e v1.Event) []byte { return append(v1.AppendEvent(dst, e), '\n') }

// Ping appends what keeps the stream alive: an empty line.
func (Format) Ping(dst []byte) []byte { return append(dst, '\n') }

// Object appends m as an object: the message of recado.v1 with its position, unless it is ephemeral and has none.
func (f Format) Object(dst []byte, m *recado.Message) []byte {
	if m.Ephemeral {
		return v1.AppendMessage(dst, m)
	}
	start := f.position(&dst, m)
	dst = v1.AppendMessage(dst, m)
	return join(dst, start)
}

// OwnObject appends the ack of m as an object with its position.
func (f Format) OwnObject(dst []byte, m *recado.Message) []byte {
	start := f.position(&dst, m)
	dst = v1.AppendAck(dst, m)
	return join(dst, start)
}

// position begins an object with the position of m, and returns where the rest of it will begin.
func (f Format) position(dst *[]byte, m *recado.Message) int {
	*dst = append(*dst, `{"position":"`...)
	*dst = AppendPosition(*dst, recado.Position{Epoch: f.Epoch, Seq: m.Seq})
	*dst = append(*dst, '"')
	return len(*dst)
}

// join makes the object that begins at start a continuation of the one before it.
func join(dst []byte, start int) []byte {
	dst[start] = ','
	return dst
}
