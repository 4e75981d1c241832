package loadgen

import (
	"math"
	"math/bits"
)

// A ledger knows which message is under way, who has heard it, and what went wrong.
// Member i is in room i modulo rooms. The first members are the senders; the messages of one sender are numbered
// from 1 on.
type ledger struct {
	rooms    int
	senders  int      // of each room
	inFlight int      // of each room
	next     []uint32 // by member and sender of its room: the number that should come next
	sent     []uint32 // by sender: the newest number
	flights  []flight // by sender and number; see index
	shift    int      // each sender has room for 1 << shift flights
	homes    []int32  // by member: its room
	slots    []int32  // by sender: which of its room's senders it is
	others   []int32  // by room: members that should hear a message
	touched  []int    // flights heard of in this batch
	under    int      // messages under way

	skipped    map[delivery]struct{} // passed over by a later message of the same sender, and not yet heard
	deliveries int64                 // so far, like all that follow
	messages   int64
	duplicated int64
	outOfOrder int64
	echoed     int64
	foreign    int64
}

type (
	// A flight is one message under way; it is over when missing is 0.
	flight struct {
		missing int32
		heard   int32 // in this batch
		at      int64 // when it should have been sent, which latency is counted from
		sent    int64 // when it was
	}
	delivery struct {
		member, sender int
		number         uint32
	}
)

// newLedger is for members that listen; of each room, the first senders also send.
func newLedger(members, rooms, senders, inFlight int) *ledger {
	shift := bits.Len(uint((inFlight+senders-1)/senders - 1))
	l := &ledger{
		rooms:    rooms,
		senders:  senders,
		inFlight: inFlight,
		next:     make([]uint32, members*senders),
		sent:     make([]uint32, rooms*senders),
		flights:  make([]flight, rooms*senders<<shift),
		shift:    shift,
		homes:    make([]int32, members),
		slots:    make([]int32, rooms*senders),
		others:   make([]int32, rooms),
		skipped:  map[delivery]struct{}{},
	}
	for i := range l.next {
		l.next[i] = 1
	}
	for m := range members {
		l.homes[m] = int32(m % rooms)
		l.others[m%rooms]++
	}
	for room := range rooms {
		l.others[room]-- // the sender itself
	}
	for s := range l.slots {
		l.slots[s] = int32(s / rooms)
		l.next[s*senders+s/rooms] = math.MaxUint32 // never sent: an echo is not mistaken for a delivery
	}
	return l
}

// free says whether the sender has fewer messages under way than its share of those in flight.
func (l *ledger) free(sender int) bool {
	window := l.inFlight / l.senders
	if int(l.slots[sender]) < l.inFlight%l.senders {
		window++
	}
	return l.flights[l.index(sender, l.sent[sender]+1-uint32(window))].missing == 0
}

// send notes a message that is sent now and should have been at that time, and returns its number.
func (l *ledger) send(sender int, at, now int64) uint32 {
	l.sent[sender]++
	l.under++
	l.flights[l.index(sender, l.sent[sender])] = flight{missing: l.others[l.homes[sender]], at: at, sent: now}
	return l.sent[sender]
}

// hear notes that a member has received a message.
func (l *ledger) hear(member, sender int, number uint32) {
	if sender >= len(l.sent) || l.homes[sender] != l.homes[member] {
		l.foreign++
		return
	}
	next := &l.next[member*l.senders+int(l.slots[sender])]
	if *next != number || number > l.sent[sender] {
		l.hearOddly(next, delivery{member, sender, number})
		return
	}
	*next = number + 1
	l.count(sender, number)
}

// settle ends the batch for one of the touched flights: it returns when its message should have been sent and by
// whom, how many have heard it since the last batch, and whether these were the last.
func (l *ledger) settle(i int) (at int64, sender int, heard int32, over bool) {
	f := &l.flights[i]
	heard, f.heard = f.heard, 0
	l.deliveries += int64(heard)
	if f.missing == 0 {
		l.messages++
		l.under--
	}
	return f.at, i >> l.shift, heard, f.missing == 0
}

// missing returns the number of deliveries that have not come, and when the oldest of their messages was sent.
func (l *ledger) missing() (n, oldest int64) {
	for _, f := range l.flights {
		if f.missing > 0 {
			if n == 0 || f.sent < oldest {
				oldest = f.sent
			}
			n += int64(f.missing)
		}
	}
	return n, oldest
}

func (l *ledger) index(sender int, number uint32) int {
	return sender<<l.shift | int(number)&(1<<l.shift-1)
}

func (l *ledger) count(sender int, number uint32) {
	i := l.index(sender, number)
	f := &l.flights[i]
	if f.heard == 0 {
		l.touched = append(l.touched, i)
	}
	f.heard++
	f.missing--
}

// hearOddly is hear for what is not simply the next message of its sender.
func (l *ledger) hearOddly(next *uint32, d delivery) {
	_, late := l.skipped[d]
	switch {
	case d.number == 0 || d.number > l.sent[d.sender]:
		l.foreign++
	case d.member == d.sender:
		l.echoed++
	case late:
		delete(l.skipped, d)
		l.outOfOrder++
		l.count(d.sender, d.number)
	case d.number < *next:
		l.duplicated++
	default:
		for n := *next; n < d.number; n++ {
			l.skipped[delivery{d.member, d.sender, n}] = struct{}{}
		}
		*next = d.number + 1
		l.count(d.sender, d.number)
	}
}
