package memory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recado"
)

// What is kept beyond new limits is dropped at once; more is kept from then on.
func TestLimitsAreExchanged(t *testing.T) {
	b := New(recado.Limits{HistoryMessages: 50})
	for _, tt := range []struct {
		limits       recado.Limits
		now          int // kept of the room ops
		later, other int // after 100 more messages, also of another room
	}{
		{recado.Limits{HistoryMessages: 50}, 0, 50, 50},
		{recado.Limits{HistoryMessages: 20, RoomRules: []recado.RoomRule{{Pattern: "o*", Limits: recado.Limits{HistoryMessages: 7}}}}, 7, 7, 20},
		{recado.Limits{HistoryMessages: 30}, 7, 30, 30},
		{recado.Limits{HistoryMessages: recado.Off}, 0, 0, 0},
	} {
		b.SetLimits(tt.limits)
		if page := readAfter(t, b, "ops", recado.Position{}); len(page.Messages) != tt.now {
			t.Errorf("%d messages are kept, want %d", len(page.Messages), tt.now)
		}
		rooms(t, b) // looks whether the accounts are right
		for range 100 {
			publish(t, b, text("ops", "x"))
			publish(t, b, text("lobby", "x"))
		}
		for room, want := range map[string]int{"ops": tt.later, "lobby": tt.other} {
			if page := readAfter(t, b, room, recado.Position{}); len(page.Messages) != want {
				t.Errorf("%d messages of %s are kept, want %d", len(page.Messages), room, want)
			}
		}
	}
	if n := rooms(t, b); n != 0 {
		t.Errorf("%d rooms are remembered, want none", n)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	one := text("ops", strings.Repeat("x", 1000))
	tests := map[string]struct {
		limits recado.Limits
		kept   int // of 300 messages
	}{
		"default":   {recado.Limits{}, 200},
		"by number": {recado.Limits{HistoryMessages: 7}, 7},
		"one":       {recado.Limits{HistoryMessages: 1}, 1},
		"off":       {recado.Limits{HistoryMessages: recado.Off}, 0},
		"by bytes":  {recado.Limits{HistoryBytes: 7*cost(&one) + 1}, 7},
		"too small": {recado.Limits{HistoryBytes: 100}, 1}, // the newest is kept
		"no limit":  {recado.Limits{HistoryMessages: 1000, HistoryBytes: recado.Off, HistoryTotalBytes: recado.Off}, 300},
		"by the room's rule": {recado.Limits{RoomRules: []recado.RoomRule{
			{Pattern: "o?", Limits: recado.Limits{HistoryMessages: 1}},
			{Pattern: "o*", Limits: recado.Limits{HistoryMessages: 7}},
			{Pattern: "ops", Limits: recado.Limits{HistoryMessages: 2}},
		}}, 7},
		"on by the room's rule": {recado.Limits{
			HistoryMessages: recado.Off, RoomRules: []recado.RoomRule{{Pattern: "ops", Limits: recado.Limits{HistoryMessages: 7}}},
		}, 7},
		"off by the room's rule": {recado.Limits{RoomRules: []recado.RoomRule{{Pattern: "ops", Limits: recado.Limits{HistoryMessages: recado.Off}}}}, 0},
		"in all":                 {recado.Limits{HistoryTotalBytes: 100}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := New(tt.limits)
			var last recado.Receipt
			for range 300 {
				last = publish(t, b, one)
				rooms(t, b)
			}
			page := readAfter(t, b, "ops", recado.Position{})
			if len(page.Messages) != tt.kept || tt.kept > 0 && page.Messages[tt.kept-1].Seq != last.Seq {
				t.Errorf("%d messages are kept, want the newest %d", len(page.Messages), tt.kept)
			}
		})
	}
}

func TestHistoryAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(recado.Limits{HistoryAge: time.Hour})
		begin := position(t, b, "ops")
		for i := range 4 {
			publish(t, b, text("ops", fmt.Sprint(i)))
			time.Sleep(20 * time.Minute)
		}
		if got := kept(t, b, "ops"); !slices.Equal(got, []string{"2", "3"}) { // "1" is an hour old
			t.Errorf("kept %q, want 2 and 3", got)
		}
		time.Sleep(time.Hour)
		newest := position(t, b, "ops")
		if page := readAfter(t, b, "ops", begin); len(page.Messages) != 0 || page.From != newest || newest.Seq != 4 {
			t.Errorf("got %+v at %v, want nothing", page, newest)
		}
		if page := readAfter(t, b, "ops", newest); page.From != newest {
			t.Errorf("nothing follows %v, but the page is from %v", newest, page.From)
		}
	})
}

func TestHistoryWithoutAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(recado.Limits{HistoryAge: recado.Off})
		publish(t, b, text("ops", "old"))
		time.Sleep(10_000 * time.Hour)
		if got := kept(t, b, "ops"); len(got) != 1 {
			t.Errorf("kept %q, want the old message", got)
		}
	})
}

// Those with more than their share make space for the others.
func TestTotalIsShared(t *testing.T) {
	one := text("ops", strings.Repeat("x", 1000))
	b := New(recado.Limits{HistoryTotalBytes: 200 * cost(&one)})
	for i := range 50 {
		one.Room = fmt.Sprint("quiet", i)
		publish(t, b, one)
	}
	for i := range 1000 {
		one.Room = fmt.Sprint("loud", i%2)
		publish(t, b, one)
		if rooms(t, b); b.history.full() {
			t.Fatalf("%d bytes are held, the limit is %d", b.history.held.Load(), b.history.limit.Load())
		}
	}
	for i := range 50 {
		if room := fmt.Sprint("quiet", i); len(kept(t, b, room)) != 1 {
			t.Errorf("%s has lost its message", room)
		}
	}
	for _, room := range []string{"loud0", "loud1"} {
		if n := len(kept(t, b, room)); n < 30 {
			t.Errorf("%s has kept %d messages", room, n)
		}
	}
	for i := range 1000 { // more rooms than there is space for messages
		one.Room = fmt.Sprint("new", i)
		publish(t, b, one)
		if n := rooms(t, b); b.history.full() || n > 200 {
			t.Fatalf("%d bytes are held by %d rooms, the limit is %d", b.history.held.Load(), n, b.history.limit.Load())
		}
	}
}

// Nothing is left of a room where nobody is and nothing is kept, and that without anybody asking for it.
func TestRoomsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(recado.Limits{})
		for i := range 500 {
			_, stop := subscribe(t, b, fmt.Sprint("visited", i))
			publish(t, b, text(fmt.Sprint("said", i), "x"))
			named := text(fmt.Sprint("named", i), "x")
			named.Sender, named.ID = recado.MemberID{1}, "c1"
			publish(t, b, named)
			stop()
		}
		_, stop := subscribe(t, b, "open")
		if n := rooms(t, b); n != 1001 {
			t.Errorf("%d rooms are remembered, want 1001", n)
		}
		time.Sleep(25 * time.Hour)
		for range 2 * shards {
			publish(t, b, text("busy", "x"))
			time.Sleep(time.Second)
		}
		if n := rooms(t, b); n != 2 {
			t.Errorf("%d rooms are remembered, want open and busy", n)
		}
		stop()
		if n := rooms(t, b); n != 1 {
			t.Errorf("%d rooms are remembered, want busy", n)
		}
	})
}

// A position of a room that was forgotten proves nothing, unless nothing was said there.
func TestForgottenPositions(t *testing.T) {
	b := New(recado.Limits{HistoryMessages: recado.Off})
	first, stop := subscribe(t, b, "ops")
	stop()
	if page := readAfter(t, b, "ops", first); page.From != first {
		t.Errorf("nothing was said since %v, but the page is from %v", first, page.From)
	}
	publish(t, b, text("ops", "to nobody"))
	second, stop := subscribe(t, b, "ops")
	stop()
	publish(t, b, text("other", "to nobody"))
	third, _ := subscribe(t, b, "ops")
	for _, p := range []recado.Position{first, second} {
		if page := readAfter(t, b, "ops", p); page.From == p || page.From != third {
			t.Errorf("after %v the page is from %v, want %v", p, page.From, third)
		}
	}
	if receipt := publish(t, b, text("ops", "x")); receipt.Prev != third.Seq {
		t.Errorf("the room begins at %v, its first message has prev %d", third, receipt.Prev)
	}
	if n := rooms(t, b); n != 1 {
		t.Errorf("%d rooms are remembered, want ops", n)
	}
}

// A position of another epoch is after everything for those who read backwards.
func TestReadBeforeAnotherEpoch(t *testing.T) {
	b := New(recado.Limits{})
	for range 3 {
		publish(t, b, text("ops", "x"))
	}
	page, err := b.ReadBefore(t.Context(), "ops", recado.Position{Epoch: b.epoch + "x", Seq: 2}, 2)
	if err != nil || len(page.Messages) != 2 || page.Messages[1].Seq != 3 || page.Left != 1 {
		t.Errorf("ReadBefore = %+v, %v, want the last two", page, err)
	}
}

// Time does not go backwards in a room when the clock does, and what happened at the time is not lost by it.
func TestClockIsTurnedBack(t *testing.T) {
	b := New(recado.Limits{})
	clock := time.Date(2026, 1, 1, 12, 0, 0, 123456789, time.Local)
	b.now = func() time.Time { return clock }
	publish(t, b, named("c1"))
	want := time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.Local).UTC()
	clock = clock.Add(-48 * time.Hour)
	publish(t, b, text("ops", "x"))
	if again := publish(t, b, named("c1")); !again.Duplicate {
		t.Error("the id is forgotten")
	}
	for _, m := range readAfter(t, b, "ops", recado.Position{}).Messages {
		if m.Time != want {
			t.Errorf("message %d has the time %v, want %v", m.Seq, m.Time, want)
		}
	}
	rooms(t, b)
}

// Reading takes as long in a room in which thousands have lately spoken as in one of a few: whoever asks for the
// history again and again keeps nobody from speaking.
func TestReadAmongManySessions(t *testing.T) {
	fastest := func(sessions int) time.Duration {
		b := New(recado.Limits{})
		m := text("ops", "x")
		for i := range sessions {
			m.Sender, m.ID = recado.NewMemberID(fmt.Append(nil, i)), "1"
			publish(t, b, m)
		}
		least := time.Hour
		for range 50 {
			began := time.Now()
			_, _ = b.ReadBefore(t.Context(), "ops", recado.Position{}, 1)
			least = min(least, time.Since(began))
		}
		return least
	}
	if few, many := fastest(10), fastest(20_000); many > 20*few+20*time.Microsecond {
		t.Errorf("a read takes %v among 10 sessions, %v among 20,000", few, many)
	}
}
