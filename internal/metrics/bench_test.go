package metrics_test

import (
	"strconv"
	"testing"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// What counting costs a fan-out in which the sockets cost nothing.
func BenchmarkFanOut(b *testing.B) {
	for _, members := range []int{2, 200} {
		for _, how := range []string{"silent", "counted"} {
			b.Run(how+"/"+strconv.Itoa(members), func(b *testing.B) {
				h := hub.New(memory.New(recado.Limits{}), recado.Limits{})
				if how == "counted" {
					h.Observe(newMetrics())
				}
				var sender *hub.Member
				for i := range members {
					m := &hub.Member{ID: recado.NewMemberID([]byte{byte(i), byte(i >> 8)}), Encoding: plain{}}
					if _, err := h.Join(b.Context(), "ops", m); err != nil {
						b.Fatal(err)
					}
					m.Attach()
					sender = m
				}
				text := make([]byte, 64)
				b.ReportAllocs()
				for b.Loop() {
					_, _ = sender.Publish(b.Context(), recado.Message{Kind: recado.Text, Data: text})
				}
			})
		}
	}
}

// What it costs when every core counts.
func BenchmarkFlushed(b *testing.B) {
	m := newMetrics()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Flushed(hub.Tally{Messages: 1, Deliveries: 1000, Bytes: 64000})
		}
	})
}

// plain is an encoding whose members receive nothing.
type plain struct{}

func (plain) Append(dst []byte, m *recado.Message) []byte    { return append(dst, m.Data...) }
func (plain) AppendOwn(dst []byte, _ *recado.Message) []byte { return dst }
func (plain) Flush(*hub.Batch, []*hub.Member)                {}
