//go:build !linux

package transport

import "recado/internal/hub"

// flush writes b to the members.
func flush(b *hub.Batch, to []*hub.Member) {
	w := directWriters.Get().(*directWriter)
	defer directWriters.Put(w)
	w.flush(b, to)
}
