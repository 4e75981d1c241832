package transport

import (
	"bytes"
	"testing"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// What it costs to encode the 200 messages that a room keeps by default for one client that comes back, all of them
// read from the history and written for it alone.
func BenchmarkReplay(b *testing.B) {
	const messages = 200
	w := New(hub.New(memory.New(recado.Limits{}), recado.Limits{}), Config{})
	defer func() { _ = w.Close(b.Context(), recado.CloseGoingAway) }()
	s := &session{transport: w, talk: &talk{encoding: w.talks[0]}}
	s.member = hub.Member{ID: recado.NewMemberID([]byte("ana")), Encoding: s.talk.encoding, Conn: s}
	if err := w.join(b.Context(), "ops", &s.member); err != nil {
		b.Fatal(err)
	}
	for range messages {
		if _, err := s.member.Publish(b.Context(), recado.Message{Kind: recado.Text, Data: bytes.Repeat([]byte("a"), 64)}); err != nil {
			b.Fatal(err)
		}
	}
	s.member.ID = recado.NewMemberID([]byte("beto")) // for whom they are not its own
	b.ReportAllocs()
	for b.Loop() {
		c, whole := &cursor{}, false
		for size := 0; !whole; {
			frames, last, err := s.readOn(c)
			if whole, size = last, size+len(frames); err != nil || last && size < messages*64 {
				b.Fatal(err, size)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/replay")
}
