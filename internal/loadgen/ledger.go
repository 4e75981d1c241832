package loadgen

import (
	"math"
	"math/bits"
)

// A ledger knows which message is under way, who has heard it, and what went wrong.
// The first members are the senders; the messages of one sender are numbered from 1 on.
type ledger struct {
	senders  int
	inFlight int      // of all senders
	next     []uint32 // by member and sender: the number that should come next
	sent     []uint32 // by sender: the newest number
	flights  []flight // by sender and number; see index
	shift    int      // each sender has room for 1 << shift flights
	others   int32    // members that should hear a message
	touched  []int    // flights heard of in this batch

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
		at      int64 // when it was sent
	}
	delivery struct {
		member, sender int
		number         uint32
	}
)

// newLedger is for members that listen, of whom the first senders also send.
func newLedger(members, senders, inFlight int) *ledger {
	shift := bits.Len(uint((inFlight+senders-1)/senders - 1))
	l := &ledger{
		senders:  senders,
		inFlight: inFlight,
		next:     make([]uint32, members*senders),
		sent:     make([]uint32, senders),
		flights:  make([]flight, senders<<shift),
		shift:    shift,
		others:   int32(members - 1),
		skipped:  map[delivery]struct{}{},
	}
	for i := range l.next {
		l.next[i] = 1
	}
	for s := range senders {
		l.next[s*senders+s] = math.MaxUint32 // never sent: an echo is not mistaken for a delivery
	}
	return l
}

// room says whether the sender has fewer messages under way than its share of those in flight.
func (l *ledger) room(sender int) bool {
	window := l.inFlight / l.senders
	if sender < l.inFlight%l.senders {
		window++
	}
	return l.flights[l.index(sender, l.sent[sender]+1-uint32(window))].missing == 0
}

// send notes a message and returns its number.
func (l *ledger) send(sender int, now int64) uint32 {
	l.sent[sender]++
	l.flights[l.index(sender, l.sent[sender])] = flight{missing: l.others, at: now}
	return l.sent[sender]
}

// hear notes that a member has received a message.
func (l *ledger) hear(member, sender int, number uint32) {
	if sender >= l.senders {
		l.foreign++
		return
	}
	next := &l.next[member*l.senders+sender]
	if *next != number || number > l.sent[sender] {
		l.hearOddly(member, sender, number)
		return
	}
	*next = number + 1
	l.count(sender, number)
}

// settle ends the batch for one of the touched flights: it returns when its message was sent and by whom, how
// many have heard it since the last batch, and whether these were the last.
func (l *ledger) settle(i int) (at int64, sender int, heard int32, over bool) {
	f := &l.flights[i]
	heard, f.heard = f.heard, 0
	l.deliveries += int64(heard)
	if f.missing == 0 {
		l.messages++
	}
	return f.at, i >> l.shift, heard, f.missing == 0
}

// missing returns the number of deliveries that have not come, and when the oldest of their messages was sent.
func (l *ledger) missing() (n, oldest int64) {
	for _, f := range l.flights {
		if f.missing > 0 {
			if n == 0 || f.at < oldest {
				oldest = f.at
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
func (l *ledger) hearOddly(member, sender int, number uint32) {
	next := &l.next[member*l.senders+sender]
	this := delivery{member, sender, number}
	_, late := l.skipped[this]
	switch {
	case number == 0 || number > l.sent[sender]:
		l.foreign++
	case member == sender:
		l.echoed++
	case late:
		delete(l.skipped, this)
		l.outOfOrder++
		l.count(sender, number)
	case number < *next:
		l.duplicated++
	default:
		for n := *next; n < number; n++ {
			l.skipped[delivery{member, sender, n}] = struct{}{}
		}
		*next = number + 1
		l.count(sender, number)
	}
}
