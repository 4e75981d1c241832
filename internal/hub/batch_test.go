package hub_test

import (
	"runtime"
	"sync"
	"testing"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// behind is an encoding whose members are all behind: they get nothing ephemeral.
type behind struct{ lines }

func (e *behind) Flush(b *hub.Batch, to []*hub.Member) {
	e.flushes.Add(1)
	e.gate.RLock()
	defer e.gate.RUnlock()
	for _, m := range to {
		c := m.Conn.(*inbox)
		c.mu.Lock()
		for piece := range b.Pieces(m, true) {
			c.got = append(c.got, piece...)
		}
		c.mu.Unlock()
	}
}

// held fills a batch with what fill says, while the batch before it, with "first" from ana, is being written.
func heldBatch(t *testing.T, e hub.Encoding, gate *lines, fill func(h *hub.Hub, ana *hub.Member)) {
	t.Helper()
	h := hub.New(memory.New(recado.Limits{}), recado.Limits{})
	ana, _ := join(t, h, "ops", "ana", e, false)
	gate.gate.Lock()
	var first sync.WaitGroup
	first.Go(func() { say(t, ana, "first") })
	for gate.flushes.Load() == 0 {
		runtime.Gosched()
	}
	fill(h, ana)
	gate.gate.Unlock()
	first.Wait()
}

// Who comes while a batch is filled hears nothing of what was said before, also if it is behind and what was said
// is in part ephemeral.
func TestComesBehind(t *testing.T) {
	e := new(behind)
	var got *inbox
	heldBatch(t, e, &e.lines, func(h *hub.Hub, ana *hub.Member) {
		say(t, ana, "1")
		if _, err := ana.Publish(t.Context(), recado.Message{Kind: recado.Text, Data: []byte("typing"), Ephemeral: true}); err != nil {
			t.Fatal(err)
		}
		say(t, ana, "2")
		_, got = join(t, h, "ops", "beto", e, false)
		say(t, ana, "3")
	})
	wantLines(t, "beto", got, "3")
}

// Who is attached again while a batch is filled that has messages of its own has read what is before.
func TestAttachedAgain(t *testing.T) {
	e := new(news)
	var got *inbox
	heldBatch(t, e, &e.lines, func(h *hub.Hub, ana *hub.Member) {
		var beto *hub.Member
		beto, got = join(t, h, "ops", "beto", e, false)
		say(t, ana, "1")
		say(t, beto, "2")
		beto.Detach()
		beto.Attach()
		say(t, ana, "3")
		say(t, beto, "4")
	})
	wantLines(t, "beto", got, "3", "ack ")
}
