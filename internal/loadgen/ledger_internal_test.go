package loadgen

import (
	"slices"
	"testing"
)

// receipt is one delivery, as a member could report it.
type receipt struct {
	member, sender int
	number         uint32
}

func TestLedger(t *testing.T) {
	// Three members listen, two of them send two messages each.
	honest := []receipt{
		{1, 0, 1}, {2, 0, 1}, {0, 1, 1}, {2, 1, 1}, {1, 0, 2}, {2, 0, 2}, {0, 1, 2}, {2, 1, 2},
	}
	for _, tt := range []struct {
		name                                             string
		receipts                                         []receipt
		deliveries, messages                             int64
		missing, duplicated, outOfOrder, echoed, foreign int64
	}{
		{name: "nothing heard", missing: 8},
		{name: "honest", receipts: honest, deliveries: 8, messages: 4},
		{name: "one lost", receipts: honest[1:], deliveries: 7, messages: 3, missing: 1},
		{name: "one twice at once", receipts: slices.Insert(slices.Clone(honest), 1, honest[0]), deliveries: 8, messages: 4, duplicated: 1},
		{name: "one twice at the end", receipts: append(slices.Clone(honest), honest[0]), deliveries: 8, messages: 4, duplicated: 1},
		{
			name:       "swapped",
			receipts:   []receipt{{1, 0, 2}, {1, 0, 1}, {2, 0, 1}, {0, 1, 1}, {2, 1, 1}, {2, 0, 2}, {0, 1, 2}, {2, 1, 2}},
			deliveries: 8, messages: 4, outOfOrder: 1,
		},
		{name: "echoed", receipts: append(slices.Clone(honest), receipt{0, 0, 1}), deliveries: 8, messages: 4, echoed: 1},
		{name: "never sent", receipts: []receipt{{1, 0, 3}, {1, 0, 0}, {1, 2, 1}, {0, 0, 1<<32 - 1}}, missing: 8, foreign: 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger(3, 1, 2, 4)
			for range 2 {
				l.send(0, 0, 0)
				l.send(1, 0, 0)
			}
			for _, r := range tt.receipts {
				l.hear(r.member, r.sender, r.number)
			}
			for _, i := range l.touched {
				l.settle(i)
			}
			missing, _ := l.missing()
			got := [...]int64{l.deliveries, l.messages, missing, l.duplicated, l.outOfOrder, l.echoed, l.foreign}
			want := [...]int64{tt.deliveries, tt.messages, tt.missing, tt.duplicated, tt.outOfOrder, tt.echoed, tt.foreign}
			if got != want {
				t.Errorf("deliveries, messages, missing, duplicated, out of order, echoed, foreign = %v, want %v", got, want)
			}
		})
	}
}

// However many messages there are and whoever sends them, no more and no fewer are in flight than asked for.
func TestLedgerFree(t *testing.T) {
	for _, tt := range []struct{ senders, inFlight int }{{1, 1}, {1, 3}, {1, 16}, {4, 4}, {3, 10}, {5, 64}} {
		members := tt.senders + 1
		l := newLedger(members, 1, tt.senders, tt.inFlight)
		for turn := range 100 {
			sent := 0
			for s := range tt.senders {
				for l.free(s) {
					l.send(s, 0, 0)
					sent++
				}
			}
			under := 0
			for _, f := range l.flights {
				if f.missing > 0 {
					under++
				}
			}
			if under != tt.inFlight {
				t.Fatalf("%d senders, turn %d: %d messages in flight, want %d", tt.senders, turn, under, tt.inFlight)
			}
			s := turn % tt.senders // this one's oldest message arrives everywhere
			number := l.next[tt.senders*tt.senders+s]
			for m := range members {
				if m != s {
					l.hear(m, s, number)
				}
			}
		}
		if l.duplicated+l.outOfOrder+l.echoed+l.foreign > 0 {
			t.Errorf("%d senders, %d in flight: faults in an honest run: %+v", tt.senders, tt.inFlight, l)
		}
	}
}

// In two rooms, each message concerns its own room only: whatever is heard in the other is not a delivery.
func TestLedgerRooms(t *testing.T) {
	l := newLedger(7, 2, 2, 2) // members 0, 2, 4 and 6 in one room, of whom 0 and 2 send; 1, 3 and 5 in the other
	for sender := range 4 {
		l.send(sender, 0, 0)
	}
	if n, _ := l.missing(); n != 3+2+3+2 {
		t.Errorf("%d deliveries are missing, want 10", n)
	}
	l.hear(1, 0, 1)
	l.hear(4, 3, 1)
	if l.foreign != 2 {
		t.Errorf("%d foreign messages, want 2, from the other room", l.foreign)
	}
	for sender := range 4 {
		for member := range 7 {
			if member != sender && member%2 == sender%2 {
				l.hear(member, sender, 1)
			}
		}
	}
	for _, i := range l.touched {
		l.settle(i)
	}
	n, _ := l.missing()
	if l.deliveries != 10 || l.messages != 4 || n != 0 || l.foreign+l.echoed+l.duplicated != 2 {
		t.Errorf("%d deliveries of %d messages, %d missing, faults in %+v", l.deliveries, l.messages, n, l)
	}
	l.hear(0, 0, 1)
	if l.echoed != 1 {
		t.Errorf("%d echoed, want 1", l.echoed)
	}
}
