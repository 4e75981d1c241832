package brokertest

import (
	"fmt"
	"sync"
	"testing"

	"recado"
)

// numbered is a message of ana's with an id.
func numbered(id, text string) recado.Message {
	return recado.Message{Room: "ops", Sender: member("ana"), ID: id, Kind: recado.Text, Data: []byte(text)}
}

func testAgain(t *testing.T, b recado.Broker) {
	t.Helper()
	r, from, _ := subscribe(t, b, "ops")
	var first []recado.Receipt
	for i := range 5 {
		first = append(first, send(t, b, numbered(fmt.Sprint(i), "first")))
	}
	for i, want := range first {
		want.Duplicate = true
		if again := send(t, b, numbered(fmt.Sprint(i), "again")); again != want {
			t.Errorf("the receipt of the second %d is %+v, want %+v", i, again, want)
		}
	}
	last := send(t, b, numbered("5", "first"))
	if last.Prev != first[4].Seq {
		t.Errorf("the message after them has prev %d, want %d", last.Prev, first[4].Seq)
	}
	wantPage(t, "history", readAfter(t, b, "ops", from, 9), from, wantFirst(t, r, 6), 0)
}

// wantFirst returns the messages heard, n of them, none of which was sent again.
func wantFirst(t *testing.T, r *recorder, n int) []recado.Message {
	t.Helper()
	got := r.wait(n)
	for _, m := range got {
		if len(got) != n || string(m.Data) != "first" {
			t.Fatalf("heard %+v, want the first %d", got, n)
		}
	}
	return got
}

func testAgainAtOnce(t *testing.T, b recado.Broker) {
	t.Helper()
	r, from, _ := subscribe(t, b, "ops")
	var all sync.WaitGroup
	receipts := make(chan recado.Receipt, 16)
	for range cap(receipts) {
		all.Go(func() { receipts <- send(t, b, numbered("c1", "first")) })
	}
	all.Wait()
	close(receipts)
	places, kept := map[[2]uint64]bool{}, 0
	for receipt := range receipts {
		places[[2]uint64{receipt.Seq, receipt.Prev}] = true
		if !receipt.Duplicate {
			kept++
		}
	}
	if len(places) != 1 || kept != 1 {
		t.Errorf("%d messages got a place of their own, at %v; want one", kept, places)
	}
	send(t, b, numbered("c2", "first"))
	wantPage(t, "history", readAfter(t, b, "ops", from, 9), from, wantFirst(t, r, 2), 0)
}

func testOtherIDs(t *testing.T, b recado.Broker) {
	t.Helper()
	otherRoom, otherSender, nobody, unnamed := numbered("c1", ""), numbered("c1", ""), numbered("c1", ""), numbered("", "")
	otherRoom.Room = "lobby"
	otherSender.Sender = member("beto")
	nobody.Sender = recado.MemberID{}
	seqs := map[uint64]bool{}
	all := []recado.Message{numbered("c1", ""), numbered("C1", ""), otherRoom, otherSender, nobody, unnamed, unnamed}
	for i, m := range all {
		receipt := send(t, b, m)
		if receipt.Duplicate || seqs[receipt.Seq] {
			t.Errorf("message %d is taken for one sent again: %+v", i, receipt)
		}
		seqs[receipt.Seq] = true
	}
	if receipt := send(t, b, nobody); !receipt.Duplicate {
		t.Errorf("a message of nobody's that is sent again gets %+v", receipt)
	}
}
