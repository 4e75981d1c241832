package hub_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// sayAhead is say with more to come.
func sayAhead(t *testing.T, m *hub.Member, text string) {
	t.Helper()
	if _, err := m.PublishAhead(t.Context(), recado.Message{Kind: recado.Text, Data: []byte(text)}); err != nil {
		t.Errorf("PublishAhead(%.20q) = %v", text, err)
	}
}

// What one member says in a row is written at once, in order, by what ends the row.
func TestPublishAhead(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, m *hub.Member){
		"by its last message":    func(t *testing.T, m *hub.Member) { t.Helper(); say(t, m, "c") },
		"by Flush":               func(t *testing.T, m *hub.Member) { t.Helper(); sayAhead(t, m, "c"); m.Flush() },
		"with nothing more said": func(t *testing.T, m *hub.Member) { t.Helper(); sayAhead(t, m, "c"); m.Flush(); m.Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
			ana, anaGot := join(t, h, "ops", "ana", e, false)
			_, betoGot := join(t, h, "ops", "beto", e, false)
			sayAhead(t, ana, "a")
			sayAhead(t, ana, "b")
			wantLines(t, "beto, in between,", betoGot)
			end(t, ana)
			wantLines(t, "beto", betoGot, "a", "b", "c")
			wantLines(t, "ana", anaGot)
			if n := e.flushes.Load(); n != 1 {
				t.Errorf("%d batches written, want 1", n)
			}
		})
	}
}

// Who publishes alone takes along what others have left.
func TestPublishAheadIsTakenAlong(t *testing.T) {
	h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
	ana, _ := join(t, h, "ops", "ana", e, false)
	beto, _ := join(t, h, "ops", "beto", e, false)
	_, carlaGot := join(t, h, "ops", "carla", e, false)
	sayAhead(t, ana, "a")
	say(t, beto, "b")
	wantLines(t, "carla", carlaGot, "a", "b")
}

// A row longer than a batch writes itself: nobody waits for space that nobody makes.
func TestPublishAheadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
		ana, _ := join(t, h, "ops", "ana", e, false)
		_, betoGot := join(t, h, "ops", "beto", e, false)
		var want []string
		for i := range 100 {
			want = append(want, fmt.Sprintf("%02d%s", i, make([]byte, 4000)))
			sayAhead(t, ana, want[i])
		}
		ana.Flush()
		wantLines(t, "beto", betoGot, want...)
		if n := e.flushes.Load(); n < 5 || n > 10 {
			t.Errorf("400 KB written in %d batches, want as many as they fill", n)
		}
	})
}

// slow is a broker that takes its time for one message.
type slow struct {
	recado.Broker

	released chan struct{}
}

func (b slow) Publish(ctx context.Context, m recado.Message) (recado.Receipt, error) {
	if m.Data[0] == 's' {
		<-b.released
	}
	return b.Broker.Publish(ctx, m)
}

// Who waits for space before it publishes ahead does not keep those from writing who could make it.
func TestPublishAheadWaitsForSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := slow{memory.New(recado.Limits{}), make(chan struct{})}
		h, e := hub.New(b, recado.Limits{}), new(lines)
		ana, _ := join(t, h, "ops", "ana", e, false)
		beto, _ := join(t, h, "ops", "beto", e, false)
		_, carlaGot := join(t, h, "ops", "carla", e, false)
		first, second := "s"+string(make([]byte, 60<<10)), "a"+string(make([]byte, 60<<10))
		go say(t, ana, first)
		synctest.Wait()
		go func() {
			sayAhead(t, beto, second)
			beto.Flush()
		}()
		synctest.Wait()
		close(b.released)
		synctest.Wait()
		wantLines(t, "carla", carlaGot, first, second)
	})
}
