// Package sse is the wire format of server-sent events, as the HTML standard defines text/event-stream: the data are
// the objects of package ndjson, the id is the position.
package sse

import (
	"strconv"
	"time"

	"recado"
	"recado/internal/protocol/ndjson"
	v1 "recado/internal/protocol/v1"
)

// A Format turns messages into events. Epoch is the one of their positions.
type Format struct{ Epoch string }

// Append appends the event of m. What is ephemeral has no id.
func (f Format) Append(dst []byte, m *recado.Message) []byte {
	if !m.Ephemeral {
		dst = f.id(dst, recado.Position{Epoch: f.Epoch, Seq: m.Seq})
	}
	dst = append(dst, "data: "...)
	dst = ndjson.Format(f).Object(dst, m) // JSON has no line ends of its own
	return append(dst, "\n\n"...)
}

// AppendOwn appends what m's own sender gets: a bare id, which moves its position and tells its page nothing.
func (f Format) AppendOwn(dst []byte, m *recado.Message) []byte {
	if m.Ephemeral {
		return dst
	}
	return append(f.id(dst, recado.Position{Epoch: f.Epoch, Seq: m.Seq}), '\n')
}

// AppendEvent appends a gap or a drain, as an event of that name.
func (f Format) AppendEvent(dst []byte, e v1.Event) []byte {
	switch e := e.(type) {
	case v1.Gap:
		dst = append(f.id(dst, e.Position), "event: gap\n"...)
	case v1.Drain:
		dst = append(f.Retry(dst, e.ReconnectAfter), "event: drain\n"...)
	default:
		return dst
	}
	dst = append(dst, "data: "...)
	return append(v1.AppendEvent(dst, e), "\n\n"...)
}

// Begin appends what a stream begins with: when to come back after it broke, and where it begins.
func (f Format) Begin(dst []byte, at recado.Position, retry time.Duration) []byte {
	return append(f.id(f.Retry(dst, retry), at), '\n')
}

// Ping appends what keeps the stream alive: a comment.
func (Format) Ping(dst []byte) []byte { return append(dst, ":\n\n"...) }

// Retry appends the line that says when to come back.
func (Format) Retry(dst []byte, after time.Duration) []byte {
	dst = strconv.AppendInt(append(dst, "retry: "...), after.Milliseconds(), 10)
	return append(dst, '\n')
}

func (Format) id(dst []byte, p recado.Position) []byte {
	return append(ndjson.AppendPosition(append(dst, "id: "...), p), '\n')
}
