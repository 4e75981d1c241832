package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// fragile is an encoding that breaks over some messages.
type fragile struct {
	lines

	appends, own, flush string // the text over which it breaks there
}

func (f *fragile) Append(dst []byte, m *recado.Message) []byte {
	breakOver(f.appends, string(m.Data))
	return f.lines.Append(dst, m)
}

func (f *fragile) AppendOwn(dst []byte, m *recado.Message) []byte {
	breakOver(f.own, string(m.Data))
	return dst
}

func (f *fragile) Flush(b *hub.Batch, to []*hub.Member) {
	breakOver(f.flush, strings.TrimSpace(string(b.Bytes())))
	f.lines.Flush(b, to)
}

// newsless is an encoding that breaks over the news of beto.
type newsless struct{ *lines }

func (newsless) AppendChange(dst []byte, c hub.Change, p hub.Person) []byte {
	breakOver("beto", p.Name)
	return append(dst, fmt.Sprintf("%s %d\n", p.Name, c)...)
}

func (newsless) AppendCount(dst []byte, count int, _ []hub.Person) []byte {
	return append(dst, fmt.Sprintf("%d\n", count)...)
}

func breakOver(what, text string) {
	if what != "" && what == text {
		panic("broken by " + text)
	}
}

// newLogged makes a hub with a log.
func newLogged(b recado.Broker) (*hub.Hub, *bytes.Buffer) {
	log := new(bytes.Buffer)
	h := hub.New(b, recado.Limits{})
	h.LogTo(slog.New(slog.NewTextHandler(log, nil)))
	return h, log
}

// A message over which an encoding breaks is lost for those who use it, and for nobody else; all goes on.
func TestBrokenEncoding(t *testing.T) {
	for name, e := range map[string]*fragile{
		"append": {appends: "break"}, "flush": {flush: "break"}, "own": {own: "break"},
	} {
		t.Run(name, func(t *testing.T) {
			h, log := newLogged(memory.New(recado.Limits{}))
			ana, anas := join(t, h, "ops", "ana", e, false)
			_, betos := join(t, h, "ops", "beto", e, false)
			_, carlas := join(t, h, "ops", "carla", new(lines), false)
			for _, text := range []string{"before", "break", "after"} {
				say(t, ana, text)
			}
			wantLines(t, "who uses another encoding", carlas, "before", "break", "after")
			wantLines(t, "who uses the broken one", betos, "before", "after")
			wantLines(t, "the sender", anas)
			if !strings.Contains(log.String(), "broken by break") || !strings.Contains(log.String(), "survive_test.go") {
				t.Errorf("no panic with its stack in the log:\n%s", log)
			}
		})
	}
}

func TestBrokenFlushOnSeveralCores(t *testing.T) {
	h, _ := newLogged(memory.New(recado.Limits{}))
	e := &fragile{flush: "break"}
	ana, _ := join(t, h, "ops", "ana", e, false)
	var last *inbox
	for i := range 2000 {
		_, last = join(t, h, "ops", fmt.Sprint(i), e, false)
	}
	say(t, ana, "break")
	say(t, ana, "after")
	wantLines(t, "the last", last, "after")
}

func TestBrokenNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newLogged(memory.New(recado.Limits{}))
		_, anas := join(t, h, "ops", "ana", newsless{new(lines)}, false)
		for _, name := range []string{"beto", "carla"} {
			m := &hub.Member{ID: recado.NewMemberID([]byte(name)), Name: name, Encoding: new(lines), Conn: new(inbox)}
			if _, err := h.Join(t.Context(), "ops", m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		wantLines(t, "ana", anas, "carla 1")
	})
}

// clumsy is an observer that always breaks.
type clumsy struct{}

func (clumsy) RoomsChanged(int)   { panic("rooms") }
func (clumsy) MembersChanged(int) { panic("members") }
func (clumsy) Flushed(hub.Tally)  { panic("flushed") }
func (clumsy) Held(time.Duration) { panic("held") }

func TestBrokenObserver(t *testing.T) {
	h, log := newLogged(memory.New(recado.Limits{}))
	h.Observe(clumsy{})
	ana, _ := join(t, h, "ops", "ana", new(lines), false)
	beto, betos := join(t, h, "ops", "beto", ana.Encoding, false)
	for range 3 {
		say(t, ana, "oi")
	}
	wantLines(t, "beto", betos, "oi", "oi", "oi")
	ana.Leave(false)
	beto.Leave(false)
	join(t, h, "ops", "carla", new(lines), false)
	if h.Rooms() != 1 || !strings.Contains(log.String(), "panic=rooms") {
		t.Errorf("%d rooms, want 1; log:\n%s", h.Rooms(), log)
	}
}

// brittle is a broker that breaks behind its work, when it is told to.
type brittle struct {
	recado.Broker

	mu     sync.Mutex // guards broken
	broken bool
}

func (b *brittle) Subscribe(ctx context.Context, room string, s recado.Subscriber) (recado.Position, func(), error) {
	b.breaks()
	return b.Broker.Subscribe(ctx, room, s)
}

// Publish delivers, and breaks before it flushes.
func (b *brittle) Publish(ctx context.Context, m recado.Message) (recado.Receipt, error) {
	_, stop, err := b.Broker.Subscribe(ctx, m.Room, breaker{b})
	if err != nil {
		return recado.Receipt{}, err
	}
	defer stop()
	return b.Broker.Publish(ctx, m)
}

func (b *brittle) breaks() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		panic("no broker")
	}
}

// A breaker breaks when it is delivered to, with the broker's lock held.
type breaker struct{ b *brittle }

func (b breaker) Deliver(*recado.Message) { b.b.breaks() }
func (breaker) Flush()                    {}

// survives reports whether f has panicked.
func survives(f func()) (survived bool) {
	defer func() { survived = recover() == nil }()
	f()
	return true
}

// A broker that breaks keeps nobody from publishing: what it has delivered is written, and the space is given back.
func TestBrokenBroker(t *testing.T) {
	b := &brittle{Broker: memory.New(recado.Limits{})}
	h, _ := newLogged(b)
	ana, _ := join(t, h, "ops", "ana", new(lines), false)
	_, betos := join(t, h, "ops", "beto", ana.Encoding, false)
	large := strings.Repeat("x", 64<<10)
	b.broken = true
	if survives(func() { say(t, ana, large) }) {
		t.Fatal("the panic was swallowed: the client would wait for ever")
	}
	if survives(func() { _, _, _ = h.Publish(t.Context(), recado.Message{Room: "ops", Data: []byte(large)}) }) {
		t.Fatal("the panic was swallowed")
	}
	b.broken = false
	say(t, ana, "after")
	wantLines(t, "beto", betos, large, large, "after")

	b.broken = true
	if survives(func() { join(t, h, "new", "ana", ana.Encoding, false) }) || h.Rooms() != 1 {
		t.Errorf("%d rooms, want 1", h.Rooms())
	}
	b.broken = false
	ana, _ = join(t, h, "new", "ana", new(lines), false)
	_, betos = join(t, h, "new", "beto", ana.Encoding, false)
	say(t, ana, "oi")
	wantLines(t, "beto", betos, "oi")
}
