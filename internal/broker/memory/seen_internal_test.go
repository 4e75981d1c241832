package memory

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"recado"
)

func named(id string) recado.Message {
	m := text("ops", "x")
	m.Sender, m.ID = recado.MemberID{1}, id
	return m
}

func TestIDsAreForgottenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(recado.Limits{HistoryMessages: recado.Off}) // it does not depend on the history, nor on subscribers
		first := publish(t, b, named("c1"))
		time.Sleep(12*time.Minute - time.Millisecond)
		if again := publish(t, b, named("c1")); !again.Duplicate || again.Seq != first.Seq || again.Prev != first.Prev {
			t.Errorf("got %+v after 12 minutes, want that of %+v", again, first)
		}
		time.Sleep(time.Millisecond) // being sent again does not make it newer
		second := publish(t, b, named("c1"))
		if second.Duplicate || second.Seq == first.Seq {
			t.Errorf("got %+v later, want a place of its own", second)
		}
		if again := publish(t, b, named("c1")); !again.Duplicate || again.Seq != second.Seq {
			t.Errorf("got %+v, want that of %+v", again, second)
		}
		if n := rooms(t, b); n != 1 {
			t.Errorf("%d rooms are remembered, want 1", n)
		}
	})
}

func TestLastIDsAreKnown(t *testing.T) {
	b := New(recado.Limits{})
	for i := range maxIDs + 1 {
		publish(t, b, named(fmt.Sprint(i)))
	}
	for _, i := range []int{1, 500, maxIDs} {
		if receipt := publish(t, b, named(fmt.Sprint(i))); !receipt.Duplicate {
			t.Errorf("id %d is forgotten", i)
		}
	}
	if receipt := publish(t, b, named("0")); receipt.Duplicate {
		t.Error("the id before the last 1,000 is known")
	}
	rooms(t, b)
}

// The ids of those who have many make space for those of others.
func TestIDsAreBounded(t *testing.T) {
	b := New(recado.Limits{HistoryMessages: recado.Off})
	b.sessions.limit.Store(100 << 10)
	for i := range 50 {
		m := named("quiet")
		m.Sender[1] = byte(i)
		publish(t, b, m)
	}
	loud := named("")
	loud.Sender[2] = 1
	for i := range 2000 {
		loud.ID = fmt.Sprint(i)
		publish(t, b, loud)
		if rooms(t, b); b.sessions.full() {
			t.Fatalf("%d bytes are held, the limit is %d", b.sessions.held.Load(), b.sessions.limit.Load())
		}
	}
	for i := range 50 {
		m := named("quiet")
		m.Sender[1] = byte(i)
		if receipt := publish(t, b, m); !receipt.Duplicate {
			t.Errorf("the id of sender %d is forgotten", i)
		}
	}
	if receipt := publish(t, b, loud); !receipt.Duplicate {
		t.Error("the newest id is forgotten")
	}
}
