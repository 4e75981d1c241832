// Package raw is the wire format without any protocol: the bytes of a message as they are.
package raw

import "recado"

// A Format turns messages into payloads and back.
type Format struct{}

// Payload returns the bytes to send for m and their kind. They are m's own: do not change them.
// The scratch space is for formats that need some.
func (Format) Payload(m *recado.Message, _ []byte) ([]byte, recado.Kind) { return m.Data, m.Kind }
