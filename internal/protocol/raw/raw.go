// Package raw is the wire format without any protocol: the bytes of a message as they are.
package raw

import "recado"

// A Format turns messages into payloads.
type Format struct{}

// Append appends the payload of m and says how it is framed. What is ephemeral has none: it belongs to
// applications that speak more than raw.
func (Format) Append(dst []byte, m *recado.Message) (payload []byte, kind recado.Kind, ok bool) {
	kind = recado.Text
	if m.Kind == recado.Binary {
		kind = recado.Binary
	}
	return append(dst, m.Data...), kind, !m.Ephemeral
}

// AppendOwn appends nothing: a sender learns no more of its own message.
func (Format) AppendOwn(dst []byte, _ *recado.Message) (payload []byte, kind recado.Kind, ok bool) {
	return dst, 0, false
}
