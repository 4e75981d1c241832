// Package brokertest is the contract of recado.Broker as tests. Each broker passes them.
package brokertest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"recado"
)

// patience bounds each wait for something that has to happen.
const patience = 10 * time.Second

// Run runs the suite; open makes a broker that nobody else uses.
func Run(t *testing.T, open func(t *testing.T) recado.Broker) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, recado.Broker){
		"a publish is delivered and flushed":   testDelivered,
		"seq rises and prev chains each room":  testChain,
		"all subscribers see one order":        testOneOrder,
		"a sender keeps its order":             testSenderOrder,
		"a room does not hear another":         testRooms,
		"a stopped subscriber hears no more":   testStop,
		"a position is where delivery goes on": testPosition,
		"nothing works after close":            testClose,
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			t.Cleanup(func() { _ = b.Close() })
			test(t, b)
		})
	}
}

// A recorder is a subscriber that remembers; it fails the test when Deliver is called concurrently.
type recorder struct {
	t *testing.T

	busy sync.Mutex // held during Deliver
	mu   sync.Mutex // guards what follows
	got  []recado.Message
	due  int // delivered and not flushed
	cond *sync.Cond
}

func subscribe(t *testing.T, b recado.Broker, room string) (r *recorder, from recado.Position, stop func()) {
	t.Helper()
	r = &recorder{t: t}
	r.cond = sync.NewCond(&r.mu)
	from, stop, err := b.Subscribe(t.Context(), room, r)
	if err != nil {
		t.Fatalf("Subscribe(%q) = %v", room, err)
	}
	t.Cleanup(stop)
	return r, from, stop
}

func (r *recorder) Deliver(m *recado.Message) {
	if !r.busy.TryLock() {
		r.t.Error("Deliver called while another call runs")
		return
	}
	defer r.busy.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := *m
	kept.Data = slices.Clone(m.Data)
	r.got = append(r.got, kept)
	r.due++
}

func (r *recorder) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = 0
	r.cond.Broadcast()
}

// wait returns the messages once there are n of them and all are flushed.
func (r *recorder) wait(n int) []recado.Message {
	r.t.Helper()
	late := time.AfterFunc(patience, r.cond.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(patience)
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.got) < n || r.due > 0 {
		if time.Now().After(deadline) {
			r.t.Fatalf("%d messages delivered, %d of them not flushed, want %d", len(r.got), r.due, n)
		}
		r.cond.Wait()
	}
	return slices.Clone(r.got)
}

func publish(t *testing.T, b recado.Broker, room, sender, text string) recado.Receipt {
	t.Helper()
	m := recado.Message{
		Room: room, Sender: recado.NewMemberID([]byte(sender)), Kind: recado.Text, Data: []byte(text),
	}
	receipt, err := b.Publish(t.Context(), m)
	if err != nil {
		t.Errorf("Publish(%q, %q) = %v", room, text, err)
	}
	return receipt
}

func testDelivered(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	receipt := publish(t, b, "ops", "ana", "oi")
	got := r.wait(1)[0]
	if got.Room != "ops" || string(got.Data) != "oi" || got.Kind != recado.Text {
		t.Errorf("delivered %+v, want text oi in ops", got)
	}
	if got.Sender != recado.NewMemberID([]byte("ana")) {
		t.Errorf("delivered sender %v, want ana's", got.Sender)
	}
	if got.Seq != receipt.Seq || got.Prev != receipt.Prev || got.Seq == 0 {
		t.Errorf("delivered seq %d after %d, receipt says %+v", got.Seq, got.Prev, receipt)
	}
}

func testChain(t *testing.T, b recado.Broker) {
	t.Helper()
	ops, from, _ := subscribe(t, b, "ops")
	lobby, _, _ := subscribe(t, b, "lobby")
	for i := range 20 {
		publish(t, b, []string{"ops", "lobby"}[i%2], "ana", strconv.Itoa(i))
	}
	for name, r := range map[string]*recorder{"ops": ops, "lobby": lobby} {
		last := from.Seq
		for i, m := range r.wait(10) {
			if m.Seq <= last || i > 0 && m.Prev != last {
				t.Errorf("%s: message %d has seq %d, prev %d after seq %d", name, i, m.Seq, m.Prev, last)
			}
			last = m.Seq
		}
	}
	seqs := map[uint64]bool{}
	for _, m := range slices.Concat(ops.wait(10), lobby.wait(10)) {
		if seqs[m.Seq] {
			t.Errorf("seq %d was given twice", m.Seq)
		}
		seqs[m.Seq] = true
	}
}

func testOneOrder(t *testing.T, b recado.Broker) {
	t.Helper()
	first, _, _ := subscribe(t, b, "ops")
	second, _, _ := subscribe(t, b, "ops")
	storm(t, b, 8, 50)
	one, two := first.wait(400), second.wait(400)
	for i := range one {
		if one[i].Seq != two[i].Seq || string(one[i].Data) != string(two[i].Data) {
			t.Fatalf("message %d is %d for one subscriber and %d for the other", i, one[i].Seq, two[i].Seq)
		}
	}
	if !slices.IsSortedFunc(one, func(a, b recado.Message) int { return int(a.Seq) - int(b.Seq) }) {
		t.Error("not delivered in the order of seq")
	}
}

func testSenderOrder(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	storm(t, b, 8, 50)
	next := map[recado.MemberID]int{}
	for _, m := range r.wait(400) {
		if got, want := string(m.Data), strconv.Itoa(next[m.Sender]); got != want {
			t.Fatalf("sender %v: got %s, want %s", m.Sender, got, want)
		}
		next[m.Sender]++
	}
}

// storm lets senders publish their numbered messages in ops at the same time.
func storm(t *testing.T, b recado.Broker, senders, messages int) {
	t.Helper()
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range messages {
				publish(t, b, "ops", fmt.Sprint("sender ", s), strconv.Itoa(i))
			}
		})
	}
	all.Wait()
}

func testRooms(t *testing.T, b recado.Broker) {
	t.Helper()
	ops, _, _ := subscribe(t, b, "ops")
	lobby, _, _ := subscribe(t, b, "lobby")
	publish(t, b, "ops", "ana", "here")
	publish(t, b, "lobby", "ana", "there")
	publish(t, b, "nobody", "ana", "nowhere")
	if got := ops.wait(1); len(got) != 1 || string(got[0].Data) != "here" {
		t.Errorf("ops heard %v", got)
	}
	if got := lobby.wait(1); len(got) != 1 || string(got[0].Data) != "there" {
		t.Errorf("lobby heard %v", got)
	}
}

func testStop(t *testing.T, b recado.Broker) {
	t.Helper()
	stays, _, _ := subscribe(t, b, "ops")
	goes, _, stop := subscribe(t, b, "ops")
	publish(t, b, "ops", "ana", "one")
	goes.wait(1)
	stop()
	stop() // once more does no harm
	publish(t, b, "ops", "ana", "two")
	stays.wait(2)
	if got := goes.wait(1); len(got) != 1 {
		t.Errorf("%d messages delivered, the last after stop", len(got))
	}
}

func testPosition(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	publish(t, b, "ops", "ana", "one")
	first := r.wait(1)[0]
	p, err := b.Position(t.Context(), "ops")
	if err != nil || p.Seq != first.Seq || p.Epoch == "" {
		t.Fatalf("Position = %v, %v; want seq %d in an epoch", p, err, first.Seq)
	}
	late, from, _ := subscribe(t, b, "ops")
	if from != p {
		t.Errorf("Subscribe begins at %v, want %v", from, p)
	}
	publish(t, b, "ops", "ana", "two")
	if got := late.wait(1); got[0].Prev != from.Seq {
		t.Errorf("first message after %v has prev %d", from, got[0].Prev)
	}
}

func testClose(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	if err := b.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	m := recado.Message{Room: "ops", Kind: recado.Text, Data: []byte("late")}
	if _, err := b.Publish(t.Context(), m); !errors.Is(err, recado.ErrClosed) {
		t.Errorf("Publish after Close = %v, want ErrClosed", err)
	}
	if _, _, err := b.Subscribe(t.Context(), "ops", r); !errors.Is(err, recado.ErrClosed) {
		t.Errorf("Subscribe after Close = %v, want ErrClosed", err)
	}
	if _, err := b.Position(t.Context(), "ops"); !errors.Is(err, recado.ErrClosed) {
		t.Errorf("Position after Close = %v, want ErrClosed", err)
	}
}
