package hub_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// A member is attached exactly where it has read to, or not at all: what was said meanwhile it has to read first.
func TestAttachAt(t *testing.T) {
	h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
	ana, _ := join(t, h, "ops", "ana", e, false)
	got := new(inbox)
	beto := &hub.Member{ID: recado.NewMemberID([]byte("beto")), Encoding: e, Conn: got}
	if _, err := h.Join(t.Context(), "ops", beto); err != nil {
		t.Fatal(err)
	}
	say(t, ana, "1")
	page, err := beto.ReadAfter(t.Context(), recado.Position{}, 10)
	if err != nil || len(page.Messages) != 1 {
		t.Fatalf("ReadAfter = %v, %v, want one message", page, err)
	}
	read := recado.Position{Epoch: page.From.Epoch, Seq: page.Messages[0].Seq}
	say(t, ana, "2")
	if beto.AttachAt(read) || beto.AttachAt(recado.Position{Epoch: "other", Seq: read.Seq + 1}) {
		t.Error("attached though there is more to read")
	}
	say(t, ana, "3")
	read.Seq += 2
	if !beto.AttachAt(read) {
		t.Error("not attached though everything is read")
	}
	say(t, ana, "4")
	wantLines(t, "beto", got, "4")
	beto.Detach()
	say(t, ana, "5")
	wantLines(t, "beto, detached,", got, "4")
}

// After is where a member is before it gets a batch: who came while the batch was filled has nothing of its beginning.
func TestAfter(t *testing.T) {
	h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), &positions{at: map[*hub.Member][]uint64{}}
	ana, _ := join(t, h, "ops", "ana", e, true)
	e.gate.Lock()
	var first sync.WaitGroup
	first.Go(func() { say(t, ana, "1") })
	for e.flushes.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	say(t, ana, "2")
	say(t, ana, "3")
	beto, _ := join(t, h, "ops", "beto", e, false)
	say(t, ana, "4")
	e.gate.Unlock()
	first.Wait()
	if got := e.at[ana]; len(got) != 2 || got[0] != 0 || got[1] != 1 {
		t.Errorf("ana got batches after %v, want 0 and 1", got)
	}
	if got := e.at[beto]; len(got) != 1 || got[0] != 3 {
		t.Errorf("beto got batches after %v, want 3", got)
	}
}

// positions is an encoding that notes where its members are.
type positions struct {
	lines

	at map[*hub.Member][]uint64
}

func (p *positions) Flush(b *hub.Batch, to []*hub.Member) {
	p.lines.Flush(b, to)
	for _, m := range to {
		p.at[m] = append(p.at[m], b.After(m).Seq)
	}
}

// A message that was published before takes no space in the room.
func TestDuplicateGivesItsSpaceBack(t *testing.T) {
	h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
	ana, _ := join(t, h, "ops", "ana", e, true)
	said := make(chan struct{})
	go func() {
		defer close(said)
		for range 100 {
			m := recado.Message{ID: "1", Kind: recado.Text, Data: make([]byte, 10_000)}
			if _, err := ana.Publish(t.Context(), m); err != nil {
				t.Errorf("Publish = %v", err)
			}
		}
	}()
	select {
	case <-said:
	case <-time.After(10 * time.Second):
		t.Fatal("duplicates have used the room's space up")
	}
}

// Nor does one that the broker did not take.
func TestRefusedGivesItsSpaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(recado.Limits{})
		h, e := hub.New(b, recado.Limits{}), new(lines)
		ana, _ := join(t, h, "ops", "ana", e, true)
		_ = b.Close()
		tried := 0
		go func() {
			for range 100 {
				if _, err := ana.Publish(t.Context(), recado.Message{Kind: recado.Text, Data: make([]byte, 10_000)}); err != nil {
					tried++
				}
			}
		}()
		synctest.Wait()
		if tried != 100 {
			t.Errorf("the room's space is used up after %d messages that nobody took", tried)
		}
	})
}

// Nor does one whose sender's place another connection took while it was on its way.
func TestReplacedGivesItsSpaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &meanwhile{Broker: memory.New(recado.Limits{})}
		h, e := hub.New(b, recado.Limits{}), new(lines)
		beto, got := join(t, h, "ops", "beto", e, true)
		ana, _ := join(t, h, "ops", "ana", e, false)
		for range 20 {
			var next *hub.Member
			b.then = func() { next, _ = join(t, h, "ops", "ana", e, false) }
			say(t, ana, string(make([]byte, 10_000)))
			ana.Leave(true)
			ana = next
		}
		b.then = nil
		go say(t, beto, "oi")
		synctest.Wait()
		if n := len(got.lines()); n != 21 {
			t.Errorf("beto got %d messages, want 21: the room's space is used up", n)
		}
	})
}

// meanwhile is a broker that lets something happen before it takes a message.
type meanwhile struct {
	recado.Broker

	then func()
}

func (b *meanwhile) Publish(ctx context.Context, m recado.Message) (recado.Receipt, error) {
	if b.then != nil {
		b.then()
	}
	return b.Broker.Publish(ctx, m)
}
