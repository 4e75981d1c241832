package hub_test

import (
	"cmp"
	"context"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// The open batch is bounded: over 64 KiB, publishers wait for the flush; a single larger message passes.
func TestOpenBatchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &held{release: make(chan struct{})}
		h := hub.New(memory.New(recado.Limits{}), recado.Limits{})
		_, _ = join(t, h, "ops", "listener", e, false)
		for i := range 12 {
			m, _ := join(t, h, "ops", strconv.Itoa(i), e, false)
			go say(t, m, string(make([]byte, 16<<10)))
		}
		synctest.Wait()
		if e.appended > 4+4 || e.largest > 64<<10 {
			t.Errorf("while the first batch is being written, %d messages of 16 KiB accepted, %d bytes in one batch; "+
				"want at most two batches of 64 KiB", e.appended, e.largest)
		}
		m, _ := join(t, h, "ops", "large", e, false)
		go say(t, m, string(make([]byte, 1<<20)))
		close(e.release)
		synctest.Wait()
		if e.appended != 13 || e.largest != 1<<20 {
			t.Errorf("%d messages accepted, %d bytes in one batch; want 13, the largest alone", e.appended, e.largest)
		}
	})
}

// A publisher writes for others only so long; then a goroutine goes on, and nothing is left lying.
func TestBusyRoomIsHandedOn(t *testing.T) {
	const more = 100
	h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), &chatty{}
	e.member, _ = join(t, h, "ops", "eco", e, true)
	e.more.Store(more)
	say(t, e.member, "first")
	if done := more - e.more.Load(); done > 20 {
		t.Errorf("the publisher of one message wrote %d batches of others", done)
	}
	for range 1_000_000 {
		if e.flushed.Load() == more+1 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d of %d batches flushed", e.flushed.Load(), more+1)
}

// chatty is an encoding that publishes one more message during each flush.
type chatty struct {
	member        *hub.Member
	more, flushed atomic.Int64
}

func (*chatty) Append(dst []byte, m *recado.Message) []byte    { return append(dst, m.Data...) }
func (*chatty) AppendOwn(dst []byte, _ *recado.Message) []byte { return dst }

func (c *chatty) Flush(*hub.Batch, []*hub.Member) {
	c.flushed.Add(1)
	if c.more.Add(-1) >= 0 {
		_, _ = c.member.Publish(context.Background(), recado.Message{Kind: recado.Text, Data: []byte("more")})
	}
}

// Empty messages are bounded like all others, and who wants to say much is not overtaken for ever by those who
// say little.
func TestWaitingPublishers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &held{release: make(chan struct{})}
		h := hub.New(memory.New(recado.Limits{}), recado.Limits{})
		starter, _ := join(t, h, "ops", "starter", e, false)
		go say(t, starter, "") // and is kept in the flush
		synctest.Wait()
		empty, _ := join(t, h, "ops", "empty", e, false)
		go func() {
			for range 5000 {
				say(t, empty, "")
			}
		}()
		synctest.Wait()
		if e.appended > 2000 {
			t.Errorf("%d empty messages accepted while the first is being written", e.appended)
		}
		much, _ := join(t, h, "ops", "much", e, false)
		little, _ := join(t, h, "ops", "little", e, false)
		go say(t, much, string(make([]byte, 64<<10)))
		synctest.Wait()
		go func() {
			for range 100 {
				say(t, little, "!")
			}
		}()
		synctest.Wait()
		if e.first != 0 {
			t.Errorf("a message of %d bytes overtook those that waited", e.first)
		}
		close(e.release)
		synctest.Wait()
		if e.first != 64<<10 {
			t.Error("the large message was overtaken by a small one that came later")
		}
		if e.appended != 5102 {
			t.Errorf("%d messages accepted in the end, want 5102", e.appended)
		}
	})
}

// held is an encoding whose flushes wait for release; the room's lock guards appended.
type held struct {
	release  chan struct{}
	appended int
	first    int // bytes of the first message that was not empty
	largest  int // bytes of a batch
}

func (e *held) Append(dst []byte, m *recado.Message) []byte {
	e.appended++
	e.first = cmp.Or(e.first, len(m.Data))
	dst = append(dst, m.Data...)
	e.largest = max(e.largest, len(dst))
	return dst
}

func (*held) AppendOwn(dst []byte, _ *recado.Message) []byte { return dst }

func (e *held) Flush(*hub.Batch, []*hub.Member) { <-e.release }
