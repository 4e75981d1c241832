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

func testDelivered(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	receipt := publish(t, b, "ops", "ana", "oi")
	got := r.wait(1)[0]
	if got.Room != "ops" || string(got.Data) != "oi" || got.Kind != recado.Text {
		t.Errorf("delivered %+v, want text oi in ops", got)
	}
	if got.Sender != member("ana") {
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
	if _, err := b.ReadAfter(t.Context(), "ops", recado.Position{}, 1); !errors.Is(err, recado.ErrClosed) {
		t.Errorf("ReadAfter after Close = %v, want ErrClosed", err)
	}
	if _, err := b.ReadBefore(t.Context(), "ops", recado.Position{}, 1); !errors.Is(err, recado.ErrClosed) {
		t.Errorf("ReadBefore after Close = %v, want ErrClosed", err)
	}
}

func testEpoch(t *testing.T, b recado.Broker) {
	t.Helper()
	_, from, _ := subscribe(t, b, "ops")
	if p, err := recado.ParsePosition(from.String()); err != nil || p != from {
		t.Errorf("ParsePosition(%q) = %v, %v", from, p, err)
	}
	publish(t, b, "ops", "ana", "oi")
	for _, room := range []string{"ops", "lobby"} {
		position, err := b.Position(t.Context(), room)
		if err != nil || position.Epoch != from.Epoch {
			t.Errorf("Position(%q) = %v, %v, want the epoch of %v", room, position, err, from)
		}
		page := readAfter(t, b, room, recado.Position{}, 10)
		if page.From.Epoch != from.Epoch {
			t.Errorf("a page of %q is from %v, want the epoch of %v", room, page.From, from)
		}
	}
}

func testTime(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	began := time.Now().Truncate(time.Millisecond)
	for i := range 20 {
		m := recado.Message{Room: "ops", Kind: recado.Text, Data: []byte{}, Time: time.Unix(int64(i), 0), Ephemeral: i%4 == 0}
		send(t, b, m)
	}
	last := began
	for i, m := range r.wait(20) {
		if m.Time.Before(last) && !m.Ephemeral || m.Time.Before(began) || m.Time.After(time.Now()) || !m.Time.Equal(m.Time.Truncate(time.Millisecond)) {
			t.Errorf("message %d has the time %v, after %v, begun at %v", i, m.Time, last, began)
		}
		last = m.Time
	}
}

// What is published from one buffer again and again arrives as it was at the time.
func testOwnership(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	buffer := make([]byte, 8)
	for i := range 50 {
		copy(buffer, fmt.Sprintf("%08d", i))
		send(t, b, recado.Message{Room: "ops", Kind: recado.Binary, Data: buffer})
		clear(buffer)
	}
	kept := readAfter(t, b, "ops", recado.Position{}, 50).Messages
	for name, got := range map[string][]recado.Message{"delivered": r.wait(50), "kept": kept} {
		for i, m := range got {
			if want := fmt.Sprintf("%08d", i); string(m.Data) != want {
				t.Fatalf("%s: message %d is %q, want %q", name, i, m.Data, want)
			}
		}
	}
}

func testEphemeral(t *testing.T, b recado.Broker) {
	t.Helper()
	r, _, _ := subscribe(t, b, "ops")
	one := publish(t, b, "ops", "ana", "one")
	m := recado.Message{Room: "ops", Sender: member("ana"), Event: "typing", Kind: recado.JSON, Data: []byte("{}"), Ephemeral: true}
	m.Seq, m.Prev = 7, 7 // a publisher has no say in them
	if receipt := send(t, b, m); receipt != (recado.Receipt{}) {
		t.Errorf("the receipt is %+v, want none", receipt)
	}
	two := publish(t, b, "ops", "ana", "two")
	if two.Prev != one.Seq {
		t.Errorf("the message after it has prev %d, want %d", two.Prev, one.Seq)
	}
	got := r.wait(3)
	i := slices.IndexFunc(got, func(m recado.Message) bool { return m.Ephemeral })
	if i < 0 || got[i].Seq != 0 || got[i].Prev != 0 || got[i].Event != "typing" || got[i].Time.IsZero() {
		t.Errorf("heard %+v", got)
	}
	if kept := readAfter(t, b, "ops", recado.Position{}, 9).Messages; len(kept) != 2 {
		t.Errorf("%d messages are kept, want 2: %+v", len(kept), kept)
	}
}
