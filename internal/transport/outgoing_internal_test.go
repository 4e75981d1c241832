package transport

import (
	"bytes"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
	"recado/internal/protocol/raw"
)

// Promise 5: who does not read is closed with 4001 once its queue is full; the others notice nothing. The
// frames that it did get are whole, and the close frame follows them.
func TestSlowReaderIsClosed(t *testing.T) {
	const messages, size = 600, 16 << 10
	everySocket(t, recado.Limits{MessageRate: recado.Off}, func(t *testing.T, r *relay) {
		t.Helper()
		sender, fast, slow := r.dial(t), r.dial(t), r.dial(t)
		converse(sender, fast, messages, size)
		r.waitFor(t, "disconnect with 4001", func() bool { return strings.Contains(r.log.String(), "code=4001") })
		if r.Len() != 2 {
			t.Errorf("Len() = %d after the slow client was dropped, want 2", r.Len())
		}
		for i := 0; ; i++ {
			op, p, err := slow.read()
			if err != nil {
				t.Fatalf("slow client: message %d: %v, want whole frames and then close 4001", i, err)
			}
			if op == ws.OpClose {
				if code, reason := ws.ParseCloseFrameData(p); code != 4001 || reason != "slow_reader" {
					t.Errorf("close %d %q, want 4001 slow_reader", code, reason)
				}
				break
			}
			if !bytes.Equal(p, numbered(i, size)) {
				t.Fatalf("slow client: frame %d is not message %d", i, i)
			}
		}
		if _, _, err := slow.read(); err == nil {
			t.Error("something follows the close frame")
		}
	})
}

// The same promise in a room that is written to many members at a time: most read, some never do, one is cut.
func TestSlowReadersOfALargeRoom(t *testing.T) {
	const members, slow, messages, size, ahead = 150, 10, 320, 16 << 10, 8
	// A busy machine may take long until those who do not read are looked at.
	r := startRelay(t, recado.Limits{MessageRate: recado.Off, QueueStall: time.Minute, CloseTimeout: time.Minute})
	sender, cut := r.dial(t), r.dial(t)
	var readers, stalled []*client
	for i := range members {
		if i%(members/slow) == 0 {
			stalled = append(stalled, r.dial(t))
		} else {
			readers = append(readers, r.dial(t))
		}
	}
	_ = cut.conn.Close()
	for first := 0; first < messages; first += ahead { // so that a machine's load makes nobody slow who reads
		for i := range ahead {
			sender.send(ws.OpBinary, numbered(first+i, size))
		}
		var reading sync.WaitGroup
		for _, c := range readers {
			reading.Go(func() {
				for i := range ahead {
					if op, p, err := c.read(); err != nil || op != ws.OpBinary || !bytes.Equal(p, numbered(first+i, size)) {
						t.Errorf("read = %v, %d bytes, %v; want message %d", op, len(p), err, first+i)
						return
					}
				}
			})
		}
		if reading.Wait(); t.Failed() {
			return
		}
	}
	r.waitFor(t, "disconnect of those who do not read", func() bool {
		return strings.Count(r.log.String(), "code=4001") == slow
	})
	for i, c := range stalled {
		op, p, err := c.read()
		for ; err == nil && op != ws.OpClose; op, p, err = c.read() {
		}
		if err != nil {
			t.Fatalf("slow client %d: %v, want whole frames and then close 4001", i, err)
		}
		if code, _ := ws.ParseCloseFrameData(p); code != 4001 {
			t.Errorf("slow client %d: close %d, want 4001", i, code)
		}
	}
}

// What is written to many at a time goes to none of those that have ended: their descriptors may be somebody else's.
func TestEndedMemberOfALargeRoomGetsNothing(t *testing.T) {
	r := startRelay(t, recado.Limits{})
	sender := r.dial(t)
	others := make([]*client, 10)
	for i := range others {
		others[i] = r.dial(t)
	}
	before := r.roster.all()
	ended := r.dial(t)
	var s *session
	for _, other := range r.roster.all() {
		if !slices.Contains(before, other) {
			s = other
		}
	}
	s.out.mu.Lock()
	s.out.end = &ending{code: recado.CloseAbnormal} // as between the end and the leaving
	s.out.mu.Unlock()
	sender.send(ws.OpText, []byte("oi"))
	for _, c := range others {
		if _, p, err := c.read(); string(p) != "oi" || err != nil {
			t.Errorf("read = %q, %v, want oi", p, err)
		}
	}
	s.link.cut()
	if op, p, err := ended.read(); err == nil {
		t.Errorf("read = %v %q, want nothing after the end", op, p)
	}
}

// A reader that pauses, but not for too long, loses nothing and sees the order of the room, also around its own
// messages: while it catches up, what is new waits behind what is old.
func TestPausingReaderLosesNothing(t *testing.T) {
	const messages, size = 3000, 8 << 10
	everySocket(t, recado.Limits{MessageRate: recado.Off, Queue: messages * size}, func(t *testing.T, r *relay) {
		t.Helper()
		sender, paused := r.dial(t), r.dial(t)
		var reading sync.WaitGroup
		for i := range messages {
			if i == messages/3 { // far more than the kernel keeps
				reading.Go(func() { paused.wantNumbered(messages) })
			}
			sender.send(ws.OpBinary, numbered(i, size))
			if i%10 == 0 {
				paused.send(ws.OpText, []byte("my own"))
			}
			if i%10 == 9 {
				_, _, _ = sender.read() // paused's own, so that the two senders take turns
			}
		}
		reading.Wait()
	})
}

// The same, over a connection without direct writes and with every message in a backlog.
func TestBacklogPath(t *testing.T) {
	r := startRelay(t, recado.Limits{MessageRate: recado.Off})
	sender, member := pipeClient(t, r.Transport), pipeClient(t, r.Transport)
	converse(sender, member, 200, 1000)
}

func TestOverflowKeepsTheFrameUnderWay(t *testing.T) {
	frames := appendFrame(appendFrame(appendFrame(nil, ws.OpBinary, 0, make([]byte, 100)),
		ws.OpBinary, 0, make([]byte, 1000)), ws.OpBinary, 0, make([]byte, 70_000))
	first, second := 102, 102+1004
	for name, tt := range map[string]struct{ off, taken, want int }{
		"nothing begun":            {0, 0, -1},
		"inside the first":         {1, 0, first},
		"at a border":              {first, 0, first},
		"being written":            {10, 200, second},
		"inside the last":          {second + 1, 10, len(frames)},
		"all of it being written":  {0, len(frames), len(frames)},
		"a border and one byte":    {first, 1, second},
		"header of the second cut": {first + 1, 0, second},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			defer far.Close()
			s := &session{transport: &Transport{observer: unobserved{}}, limits: &recado.Limits{Queue: 10}, link: &waitingLink{conn: far}, wire: webSocketWire{}}
			s.out.backlog = []piece{{data: frames, off: tt.off}, {data: frames}}
			s.out.waiting, s.out.taken = 2*len(frames)-tt.off, tt.taken
			if !s.full(1) {
				t.Fatal("full(1) = false with a full backlog")
			}
			s.overflow()
			left := s.out.backlog
			if tt.want >= 0 {
				if got := len(left[0].data); got != tt.want || left[0].off != tt.off {
					t.Errorf("left %d bytes from %d, want %d from %d", got, left[0].off, tt.want, tt.off)
				}
				left = left[1:]
			}
			if len(left) != 1 || !bytes.Contains(left[0].data, []byte("slow_reader")) {
				t.Errorf("the last of the backlog is not the close frame")
			}
			waiting := 0
			for _, p := range s.out.backlog {
				waiting += len(p.data) - p.off
			}
			if s.out.waiting != waiting {
				t.Errorf("waiting = %d, want %d", s.out.waiting, waiting)
			}
		})
	}
}

// What waits for a sender is the others' messages only: it does not keep the whole batch with its own in it.
func TestBacklogOfASenderIsItsOwn(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), &gated{release: make(chan struct{})}
	e.format = raw.Format{}
	limits := recado.Limits{}.WithDefaults()
	s := &session{transport: &Transport{}, limits: &limits, link: &waitingLink{conn: far}, wire: webSocketWire{}}
	s.member = hub.Member{ID: recado.NewMemberID([]byte("ana")), Encoding: e, Conn: s}
	other := &hub.Member{ID: recado.NewMemberID([]byte("beto")), Encoding: e}
	for _, m := range []*hub.Member{&s.member, other} {
		if _, err := h.Join(t.Context(), "ops", m); err != nil {
			t.Fatal(err)
		}
		m.Attach()
	}
	var first sync.WaitGroup
	first.Go(func() { _, _ = other.Publish(t.Context(), recado.Message{Kind: recado.Text}) })
	e.release <- struct{}{} // its flush has begun
	for _, m := range []*hub.Member{&s.member, other, &s.member} {
		data := bytes.Repeat([]byte("x"), map[bool]int{true: 1, false: 20_000}[m == other])
		_, _ = m.Publish(t.Context(), recado.Message{Kind: recado.Text, Data: data})
	}
	e.release <- struct{}{}
	first.Wait()
	kept := 0
	s.out.mu.Lock()
	for _, p := range s.out.backlog {
		kept += cap(p.data)
	}
	s.out.mu.Unlock()
	if kept > 100 {
		t.Errorf("%d bytes are kept for two frames of 2 and 3 bytes", kept)
	}
}

// gated is an encoding whose first flush waits.
type gated struct {
	encoding

	release chan struct{}
	once    sync.Once
}

func (e *gated) Flush(b *hub.Batch, to []*hub.Member) {
	e.once.Do(func() {
		<-e.release
		<-e.release
	})
	for _, m := range to {
		if s, ok := m.Conn.(*session); ok {
			s.receive(new(directWriter), b, m)
		}
	}
}

func TestOneMessageAlwaysFits(t *testing.T) {
	everySocket(t, recado.Limits{MessageRate: recado.Off, MessageSize: 16 << 20, Queue: 1000}, func(t *testing.T, r *relay) {
		t.Helper()
		sender, member := r.dial(t), r.dial(t)
		sender.send(ws.OpBinary, numbered(0, 16<<20))
		r.waitFor(t, "message in the log", func() bool { return strings.Contains(r.log.String(), "message relayed") })
		member.wantNumbered(1)
	})
}

// Promise 7: a hundred members who never read cost at most their queues.
func TestStalledMembersAreBounded(t *testing.T) {
	const stalled, messages = 100, 3000
	everySocket(t, recado.Limits{MessageRate: recado.Off}, func(t *testing.T, r *relay) {
		t.Helper()
		sender, witness := r.dial(t), r.dial(t)
		for range stalled {
			r.dial(t)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		converse(sender, witness, messages, 4<<10)
		r.waitFor(t, "end of the stalled", func() bool { return strings.Count(r.log.String(), "code=4001") == stalled })
		runtime.GC()
		runtime.ReadMemStats(&after)
		limit := uint64(stalled * 256 << 10)
		if after.HeapAlloc > before.HeapAlloc+limit {
			t.Errorf("heap grew by %d bytes, want at most %d", after.HeapAlloc-before.HeapAlloc, limit)
		}
	})
}
