package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// lines is an encoding with one message a line. While its gate is held, flushes wait.
type lines struct {
	prefix  string
	gate    sync.RWMutex
	flushes atomic.Int64 // begun
}

func (l *lines) Append(dst []byte, m *recado.Message) []byte {
	return append(append(append(dst, l.prefix...), m.Data...), '\n')
}

func (*lines) AppendOwn(dst []byte, _ *recado.Message) []byte { return dst }

func (l *lines) Flush(b *hub.Batch, to []*hub.Member) {
	l.flushes.Add(1)
	l.gate.RLock()
	defer l.gate.RUnlock()
	for _, m := range to {
		c := m.Conn.(*inbox)
		c.mu.Lock()
		if b.Whole(m) {
			c.got = append(c.got, b.Bytes()...)
		} else {
			for piece := range b.Pieces(m, false) {
				c.got = append(c.got, piece...)
			}
		}
		c.mu.Unlock()
	}
}

// An inbox is a connection that keeps what it is sent.
type inbox struct {
	mu  sync.Mutex
	got []byte
}

func (c *inbox) lines() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for line := range bytes.Lines(c.got) {
		all = append(all, string(bytes.TrimSuffix(line, []byte("\n"))))
	}
	return all
}

func join(tb testing.TB, h *hub.Hub, room, name string, e hub.Encoding, echo bool) (*hub.Member, *inbox) {
	tb.Helper()
	c := new(inbox)
	m := &hub.Member{ID: recado.NewMemberID([]byte(name)), Echo: echo, Encoding: e, Conn: c}
	if _, err := h.Join(tb.Context(), room, m); err != nil {
		tb.Fatalf("Join(%q) = %v", room, err)
	}
	m.Attach()
	return m, c
}

func say(tb testing.TB, m *hub.Member, text string) {
	tb.Helper()
	if _, err := m.Publish(tb.Context(), recado.Message{Kind: recado.Text, Data: []byte(text)}); err != nil {
		tb.Errorf("Publish(%.20q) = %v", text, err)
	}
}

func wantLines(t *testing.T, who string, c *inbox, want ...string) {
	t.Helper()
	if got := c.lines(); !slices.Equal(got, want) {
		t.Errorf("%s got %q, want %q", who, got, want)
	}
}

func TestRelayToAllOthers(t *testing.T) {
	h, plain := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
	ana, anaGot := join(t, h, "ops", "ana", plain, false)
	beto, betoGot := join(t, h, "ops", "beto", plain, false)
	_, carlaGot := join(t, h, "ops", "carla", &lines{prefix: "> "}, false)
	_, daviGot := join(t, h, "lobby", "davi", plain, false)
	eva, evaGot := join(t, h, "ops", "eva", plain, true)
	say(t, ana, "oi")
	say(t, beto, "opa")
	say(t, eva, "eco")
	wantLines(t, "ana", anaGot, "opa", "eco")
	wantLines(t, "beto", betoGot, "oi", "eco")
	wantLines(t, "carla", carlaGot, "> oi", "> opa", "> eco")
	wantLines(t, "davi, in another room,", daviGot)
	wantLines(t, "eva, with echo,", evaGot, "oi", "opa", "eco")
}

func TestRoomsAreForgotten(t *testing.T) {
	h := hub.New(memory.New(recado.Limits{}), recado.Limits{Rooms: 2})
	a, _ := join(t, h, "a", "ana", new(lines), false)
	b, _ := join(t, h, "b", "beto", new(lines), false)
	c := &hub.Member{ID: recado.NewMemberID([]byte("carla")), Encoding: new(lines), Conn: new(inbox)}
	if _, err := h.Join(t.Context(), "c", c); !errors.Is(err, recado.ErrRooms) {
		t.Errorf("Join of a third room = %v, want ErrRooms", err)
	}
	if left := a.Leave(false); left != 0 {
		t.Errorf("Leave() = %d, want 0", left)
	}
	if _, err := h.Join(t.Context(), "c", c); err != nil {
		t.Errorf("Join after a room was left = %v", err)
	}
	b.Leave(false)
	c.Leave(false)
	if h.Rooms() != 0 {
		t.Errorf("Rooms() = %d after all have left", h.Rooms())
	}
}

func TestJoinFailsWithItsBroker(t *testing.T) {
	broker := memory.New(recado.Limits{})
	_ = broker.Close()
	h := hub.New(broker, recado.Limits{})
	m := &hub.Member{Encoding: new(lines), Conn: new(inbox)}
	if _, err := h.Join(t.Context(), "ops", m); !errors.Is(err, recado.ErrClosed) {
		t.Errorf("Join = %v, want ErrClosed", err)
	}
	if h.Rooms() != 0 {
		t.Errorf("Rooms() = %d after a failed Join", h.Rooms())
	}
}

// While a flush is held up, messages gather in one batch; who joins meanwhile hears only what follows, and
// nobody hears itself, wherever in the batch its own messages stand.
func TestBatchLeavesOut(t *testing.T) {
	h, slow := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
	ana, anaGot := join(t, h, "ops", "ana", slow, false)
	beto, betoGot := join(t, h, "ops", "beto", slow, false)
	slow.gate.Lock()
	var first sync.WaitGroup
	first.Go(func() { say(t, ana, "1 ana") })
	for slow.flushes.Load() == 0 {
		runtime.Gosched()
	}
	say(t, beto, "2 beto")
	say(t, ana, "3 ana")
	carla, carlaGot := join(t, h, "ops", "carla", slow, false)
	say(t, carla, "4 carla")
	say(t, ana, "5 ana")
	say(t, beto, "6 beto")
	slow.gate.Unlock()
	first.Wait()
	wantLines(t, "ana", anaGot, "2 beto", "4 carla", "6 beto")
	wantLines(t, "beto", betoGot, "1 ana", "3 ana", "4 carla", "5 ana")
	wantLines(t, "carla", carlaGot, "5 ana", "6 beto")
}

func TestManySendersAtOnce(t *testing.T) {
	const senders, messages = 20, 200
	h := hub.New(memory.New(recado.Limits{}), recado.Limits{})
	encodings := []hub.Encoding{new(lines), new(lines)}
	members, inboxes := make([]*hub.Member, senders), make([]*inbox, senders)
	for i := range senders {
		members[i], inboxes[i] = join(t, h, "ops", strconv.Itoa(i), encodings[i%2], false)
	}
	_, witness := join(t, h, "ops", "witness", encodings[0], false)
	stop := make(chan struct{})
	var churn, all sync.WaitGroup
	churn.Go(func() { // others come and go meanwhile
		for i := 0; ; i++ {
			m, _ := join(t, h, "ops", fmt.Sprint("guest ", i), encodings[i%2], false)
			m.Leave(false)
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for i, m := range members {
		all.Go(func() {
			for n := range messages {
				say(t, m, fmt.Sprintf("%d %d", i, n))
			}
		})
	}
	all.Wait()
	close(stop)
	churn.Wait()
	quiesce(t, witness, senders*messages)
	order := witness.lines()
	for i, c := range inboxes {
		own := fmt.Sprintf("%d ", i)
		want := slices.DeleteFunc(slices.Clone(order), func(s string) bool {
			return len(s) > len(own) && s[:len(own)] == own
		})
		quiesce(t, c, len(want))
		if !slices.Equal(c.lines(), want) {
			t.Fatalf("member %d did not see the others' messages in the order of the room", i)
		}
	}
}

// quiesce waits until the last batches, which another goroutine may be writing, have come.
func quiesce(t *testing.T, c *inbox, want int) {
	t.Helper()
	for range 1_000_000 {
		if len(c.lines()) >= want {
			return
		}
		runtime.Gosched()
	}
	t.Fatalf("%d messages, want %d", len(c.lines()), want)
}

func TestLargeRoomIsWrittenOnSeveralCores(t *testing.T) {
	h, plain := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
	ana, _ := join(t, h, "ops", "ana", plain, false)
	inboxes := make([]*inbox, 1500)
	for i := range inboxes {
		_, inboxes[i] = join(t, h, "ops", strconv.Itoa(i), plain, false)
	}
	for i := range 20 {
		say(t, ana, strconv.Itoa(i))
	}
	for i, c := range inboxes {
		if got := c.lines(); len(got) != 20 || got[19] != "19" {
			t.Fatalf("member %d got %q", i, got)
		}
	}
}

// A delivery allocates nothing: the cost of a publish in allocations is the same for any number of members.
func TestFanOutDoesNotAllocate(t *testing.T) {
	h, quiet := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(quiet)
	ana, _ := join(t, h, "ops", "ana", quiet, false)
	for i := range 200 {
		join(t, h, "ops", strconv.Itoa(i), quiet, false)
	}
	text := make([]byte, 64)
	allocs := testing.AllocsPerRun(1000, func() { _, _ = ana.Publish(t.Context(), recado.Message{Kind: recado.Text, Data: text}) })
	if allocs > 2 {
		t.Errorf("a publish to 200 members makes %v allocations, want at most 2", allocs)
	}
}

// quiet is an encoding whose members receive nothing.
type quiet struct{ flushed int }

func (*quiet) Append(dst []byte, m *recado.Message) []byte    { return append(dst, m.Data...) }
func (*quiet) AppendOwn(dst []byte, _ *recado.Message) []byte { return dst }

func (q *quiet) Flush(b *hub.Batch, to []*hub.Member) {
	for _, m := range to {
		if b.Whole(m) {
			q.flushed += len(b.Bytes())
		}
	}
}

func BenchmarkFanOut(b *testing.B) {
	for _, members := range []int{2, 200, 10_000} {
		b.Run(strconv.Itoa(members), func(b *testing.B) {
			h, quiet := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
			discard := &silentFlush{lines: quiet}
			ana, _ := join(b, h, "ops", "ana", discard, false)
			for i := range members - 1 {
				join(b, h, "ops", strconv.Itoa(i), discard, false)
			}
			text := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = ana.Publish(b.Context(), recado.Message{Kind: recado.Text, Data: text})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(members), "ns/delivery")
		})
	}
}

type silentFlush struct{ *lines }

func (silentFlush) Flush(b *hub.Batch, to []*hub.Member) {
	for _, m := range to {
		_ = b.Whole(m)
	}
}
