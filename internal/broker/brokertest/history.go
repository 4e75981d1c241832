package brokertest

import (
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"recado"
)

func readAfter(t *testing.T, b recado.Broker, room string, after recado.Position, limit int) recado.Page {
	t.Helper()
	page, err := b.ReadAfter(t.Context(), room, after, limit)
	if err != nil {
		t.Errorf("ReadAfter(%q, %v) = %v", room, after, err)
	}
	return page
}

func readBefore(t *testing.T, b recado.Broker, room string, before recado.Position, limit int) recado.Page {
	t.Helper()
	page, err := b.ReadBefore(t.Context(), room, before, limit)
	if err != nil {
		t.Errorf("ReadBefore(%q, %v) = %v", room, before, err)
	}
	return page
}

// fill publishes 0, 1, 2… in ops, each followed by one in another room, and returns those of ops as they were
// delivered, and the position before them.
func fill(t *testing.T, b recado.Broker, n int) (said []recado.Message, from recado.Position) {
	t.Helper()
	r, from, stop := subscribe(t, b, "ops")
	defer stop()
	for i := range n {
		publish(t, b, "ops", "ana", strconv.Itoa(i))
		publish(t, b, "other", "ana", "elsewhere")
	}
	return r.wait(n), from
}

// wantPage checks a page against the messages that it is to have, and what it says of its surroundings.
func wantPage(t *testing.T, what string, got recado.Page, from recado.Position, messages []recado.Message, left int) {
	t.Helper()
	same := len(got.Messages) == len(messages)
	for i := range min(len(got.Messages), len(messages)) {
		same = same && reflect.DeepEqual(plain(got.Messages[i]), plain(messages[i]))
	}
	if !same || got.From != from || got.Left != left {
		t.Errorf("%s: got %+v, want %+v from %v, and %d left", what, got, messages, from, left)
	}
}

// plain is m with a time that can be compared, and without data rather than with empty ones.
func plain(m recado.Message) recado.Message {
	m.Time = m.Time.UTC()
	if len(m.Data) == 0 {
		m.Data = nil
	}
	return m
}

func testHistory(t *testing.T, b recado.Broker) {
	t.Helper()
	r, from, _ := subscribe(t, b, "ops")
	for _, m := range []recado.Message{
		{Kind: recado.Text, Data: []byte("ol\u00e1"), Sender: member("ana"), Name: "Ana", ID: "c1"},
		{Kind: recado.Binary, Data: []byte{0, 255, 10}},
		{Kind: recado.JSON, Data: []byte(`{"a":[1,2]}`), Sender: member("beto"), Event: "move"},
		{Kind: recado.Text, Data: []byte{}, Name: "Ana Maria \u2603", ID: "~!"},
	} {
		m.Room, m.Seq, m.Prev, m.Time = "ops", 7, 7, time.Unix(7, 0) // a publisher has no say in the last three
		send(t, b, m)
	}
	said := r.wait(4)
	wantPage(t, "history", readAfter(t, b, "ops", from, 100), from, said, 0)
	if got := said[0]; got.Name != "Ana" || got.ID != "c1" || got.Sender != member("ana") || got.Prev != from.Seq {
		t.Errorf("heard %+v after %v", got, from)
	}
	if got := said[2]; got.Kind != recado.JSON || got.Event != "move" || string(got.Data) != `{"a":[1,2]}` {
		t.Errorf("heard %+v", got)
	}
}

// The receipt is given when the message is kept.
func testNobodyListens(t *testing.T, b recado.Broker) {
	t.Helper()
	before, _ := b.Position(t.Context(), "ops")
	one, two := publish(t, b, "ops", "ana", "one"), publish(t, b, "ops", "ana", "two")
	got := readAfter(t, b, "ops", before, 9)
	if len(got.Messages) != 2 || got.From != before || got.Messages[0].Seq != one.Seq || got.Messages[1].Seq != two.Seq ||
		got.Messages[1].Prev != one.Seq || string(got.Messages[1].Data) != "two" {
		t.Errorf("receipts %+v and %+v, kept %+v", one, two, got)
	}
	if p, err := b.Position(t.Context(), "ops"); err != nil || p.Seq != two.Seq {
		t.Errorf("Position = %v, %v, want seq %d", p, err, two.Seq)
	}
}

func testReadAfter(t *testing.T, b recado.Broker) {
	t.Helper()
	said, from := fill(t, b, 20)
	at := func(seq uint64) recado.Position { return recado.Position{Epoch: from.Epoch, Seq: seq} }
	wantPage(t, "from the beginning", readAfter(t, b, "ops", from, 100), from, said, 0)
	wantPage(t, "one", readAfter(t, b, "ops", from, 1), from, said[:1], 19)
	for i, m := range said {
		wantPage(t, "after "+strconv.Itoa(i), readAfter(t, b, "ops", at(m.Seq), 100), at(m.Seq), said[i+1:], 0)
	}
	var read []recado.Message
	for p := from; len(read) < len(said); {
		page := readAfter(t, b, "ops", p, 7)
		if page.From != p || len(page.Messages) == 0 || page.Left != len(said)-len(read)-len(page.Messages) {
			t.Fatalf("after %d messages, at %v: %+v", len(read), p, page)
		}
		read = append(read, page.Messages...)
		p = at(read[len(read)-1].Seq)
	}
	wantPage(t, "in pages", recado.Page{From: from, Messages: read}, from, said, 0)
}

func testReadBefore(t *testing.T, b recado.Broker) {
	t.Helper()
	said, from := fill(t, b, 20)
	at := func(seq uint64) recado.Position { return recado.Position{Epoch: from.Epoch, Seq: seq} }
	newest := at(said[19].Seq)
	wantPage(t, "all", readBefore(t, b, "ops", recado.Position{}, 100), from, said, 0)
	wantPage(t, "the last", readBefore(t, b, "ops", recado.Position{}, 1), at(said[18].Seq), said[19:], 19)
	wantPage(t, "before the newest", readBefore(t, b, "ops", newest, 3), at(said[15].Seq), said[16:19], 16)
	wantPage(t, "before the first", readBefore(t, b, "ops", at(said[0].Seq), 3), newest, nil, 0)
	wantPage(t, "before the second", readBefore(t, b, "ops", at(said[1].Seq), 3), from, said[:1], 0)
	for end := (recado.Position{}); len(said) > 0; {
		first := max(0, len(said)-7)
		want := from
		if first > 0 {
			want = at(said[first-1].Seq)
		}
		wantPage(t, "in pages", readBefore(t, b, "ops", end, 7), want, said[first:], first)
		end, said = at(said[first].Seq), said[:first]
	}
}

func testUnproven(t *testing.T, b recado.Broker) {
	t.Helper()
	said, from := fill(t, b, 5)
	other := readAfter(t, b, "other", recado.Position{}, 100).Messages
	newest := said[4].Seq
	for what, after := range map[string]recado.Position{
		"the zero position":     {},
		"another epoch":         {Epoch: from.Epoch + "x", Seq: said[2].Seq},
		"another epoch's first": {Epoch: from.Epoch + "x", Seq: from.Seq},
		"the future":            {Epoch: from.Epoch, Seq: newest + 100},
	} {
		wantPage(t, what, readAfter(t, b, "ops", after, 100), from, said, 0)
	}
	// Another room's position within the history: what follows is returned, and does not follow from there.
	after := recado.Position{Epoch: from.Epoch, Seq: other[1].Seq}
	want := recado.Position{Epoch: from.Epoch, Seq: said[1].Seq}
	wantPage(t, "another room's", readAfter(t, b, "ops", after, 100), want, said[2:], 0)
	// A room of which nothing is kept.
	position, _ := b.Position(t.Context(), "empty")
	wantPage(t, "empty", readAfter(t, b, "empty", position, 9), position, nil, 0)
	wantPage(t, "empty, from the future", readAfter(t, b, "empty", recado.Position{Epoch: from.Epoch, Seq: newest + 100}, 9), position, nil, 0)
	wantPage(t, "empty, before", readBefore(t, b, "empty", recado.Position{}, 9), position, nil, 0)
}

// testTrimmed has a history of 5 messages.
func testTrimmed(t *testing.T, b recado.Broker) {
	t.Helper()
	said, from := fill(t, b, 8)
	at := func(seq uint64) recado.Position { return recado.Position{Epoch: from.Epoch, Seq: seq} }
	begins, kept := at(said[2].Seq), said[3:]
	wantPage(t, "after the message before", readAfter(t, b, "ops", begins, 9), begins, kept, 0)
	wantPage(t, "after one before that", readAfter(t, b, "ops", at(said[1].Seq), 9), begins, kept, 0)
	wantPage(t, "after the beginning", readAfter(t, b, "ops", from, 2), begins, kept[:2], 3)
	wantPage(t, "before the end", readBefore(t, b, "ops", recado.Position{}, 9), begins, kept, 0)
	wantPage(t, "before what is gone", readBefore(t, b, "ops", at(said[1].Seq), 9), at(said[7].Seq), nil, 0)
}

// What was kept before a subscription and what is delivered by it are one chain, whatever happens at the time.
func testMeet(t *testing.T, b recado.Broker) {
	t.Helper()
	var publishers sync.WaitGroup
	defer publishers.Wait()
	publishers.Go(func() { storm(t, b, 4, 40) })
	for range 10 {
		r, from, stop := subscribe(t, b, "ops")
		page := readAfter(t, b, "ops", recado.Position{}, 200)
		last := page.From.Seq
		for _, m := range page.Messages {
			if m.Prev != last {
				t.Errorf("kept: message %d has prev %d, want %d", m.Seq, m.Prev, last)
			}
			last = m.Seq
		}
		if last < from.Seq {
			t.Errorf("the history ends at %d, the subscription begins at %d", last, from.Seq)
		}
		last = from.Seq
		for _, m := range r.wait(0) {
			if m.Prev != last {
				t.Errorf("delivered: message %d has prev %d, want %d", m.Seq, m.Prev, last)
			}
			last = m.Seq
		}
		stop()
	}
}

func testPageStays(t *testing.T, b recado.Broker) {
	t.Helper()
	said, from := fill(t, b, 5)
	page := readAfter(t, b, "ops", from, 9)
	fill(t, b, 12) // nothing of the page is kept any more
	wantPage(t, "the page", page, from, said, 0)
}
