// Package text is the wire format for people and shells: the texts of messages, one a line.
package text

import (
	"bytes"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// A Format turns messages into lines.
type Format struct{}

// Append appends the text of m, with \n and \r in place of the line ends in it; nothing of what is binary or ephemeral.
func (Format) Append(dst []byte, m *recado.Message) []byte {
	if m.Kind == recado.Binary || m.Ephemeral {
		return dst
	}
	for rest := m.Data; ; {
		i := bytes.IndexAny(rest, "\r\n")
		if i < 0 {
			return append(append(dst, rest...), '\n')
		}
		dst = append(append(dst, rest[:i]...), '\\', map[byte]byte{'\n': 'n', '\r': 'r'}[rest[i]])
		rest = rest[i+1:]
	}
}

// AppendOwn appends nothing.
func (Format) AppendOwn(dst []byte, _ *recado.Message) []byte { return dst }

// AppendEvent appends nothing.
func (Format) AppendEvent(dst []byte, _ v1.Event) []byte { return dst }

// Ping appends nothing: an empty line would be an empty message.
func (Format) Ping(dst []byte) []byte { return dst }
