package transport

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/hub"
	v1 "recado/internal/protocol/v1"
)

// A flushCounter is a hub's observer that counts batches.
type flushCounter struct{ flushes atomic.Int64 }

func (*flushCounter) RoomsChanged(int)    {}
func (*flushCounter) MembersChanged(int)  {}
func (*flushCounter) Held(time.Duration)  {}
func (c *flushCounter) Flushed(hub.Tally) { c.flushes.Add(1) }

// What a client sends at once is written to the others at once.
func TestBurstIsOneBatch(t *testing.T) {
	const messages = 100
	r := startRelay(t, recado.Limits{})
	counter := new(flushCounter)
	r.hub.Observe(counter)
	sender, member := r.dial(t), r.dial(t)
	_, _ = sender.conn.Write([]byte(strings.Repeat(clientFrame(0x81, "oi"), messages)))
	for range messages {
		if op, p, err := member.read(); op != ws.OpText || string(p) != "oi" || err != nil {
			t.Fatalf("read = %v %q, %v", op, p, err)
		}
	}
	if n := counter.flushes.Load(); n > messages/10 {
		t.Errorf("%d messages written in %d batches", messages, n)
	}
}

// An answer comes behind the acknowledgement of what was published before the question.
func TestBurstKeepsTheOrderOfAnswers(t *testing.T) {
	r := startRelay(t, recado.Limits{})
	c := r.dial(t, v1.Subprotocol)
	c.say(`{"type":"hello"}`)
	c.wantFrame(`"type":"welcome"`)
	publish := clientFrame(0x81, `{"type":"publish","id":"a","text":"oi"}`)
	for name, tt := range map[string]struct{ question, answer string }{
		"ping":    {`{"type":"ping"}`, `"type":"pong"`},
		"history": {`{"type":"history","id":"h","limit":1}`, `"type":"history"`},
		"mistake": {`{"type":"dance"}`, `"type":"error"`},
	} {
		_, _ = c.conn.Write([]byte(publish + clientFrame(0x81, tt.question)))
		c.wantFrame(`"type":"ack"`)
		t.Log(name)
		c.wantFrame(tt.answer)
	}
}

// What a client has said whole does not wait for the rest of what it says next, nor for its turn after too many.
func TestBurstWaitsForNothing(t *testing.T) {
	frame := clientFrame(0x81, "oi")
	for name, tt := range map[string]struct {
		limits recado.Limits
		bytes  string
		heard  int
	}{
		"half a header behind it":  {recado.Limits{}, frame + frame + frame[:1], 2},
		"half a message behind it": {recado.Limits{}, frame + frame + frame[:len(frame)-1], 2},
		"over its rate":            {recado.Limits{MessageRate: 1, MessageBurst: 2}, strings.Repeat(frame, 5), 3},
	} {
		t.Run(name, func(t *testing.T) {
			tt.limits.PingInterval = recado.Off
			bubble(t, tt.limits, func(t *testing.T, w *Transport) {
				t.Helper()
				sender, member := pipeClient(t, w), pipeClient(t, w)
				for _, s := range w.roster.all() {
					s.local = false
				}
				began := time.Now()
				go func() { _, _ = sender.conn.Write([]byte(tt.bytes)) }()
				for i := range tt.heard {
					if op, p, err := member.read(); op != ws.OpText || string(p) != "oi" || err != nil {
						t.Fatalf("message %d: read = %v %q, %v", i, op, p, err)
					}
				}
				if took := time.Since(began); took > 0 {
					t.Errorf("heard after %v, want at once", took)
				}
				_, _ = sender.conn.Close(), member.conn.Close()
			})
		})
	}
}
