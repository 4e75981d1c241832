package storm

import (
	"slices"

	"recado"
)

// A history is a log that was read once: per client what happened and where it stood, per message where it was
// seen, per room which places are taken.
type history struct {
	clients []*client           // in the order in which they joined
	sent    map[string]*message // by their data
	ids     map[publication]*message
	stored  map[timeline][]uint64 // the seqs that anybody has seen, in order
	places  map[recado.Position]*message
	faults  []Violation // events that make no sense
}

// A timeline is what one room kept in one epoch.
type timeline struct{ room, epoch string }

// A publication is how a sender names its own message.
type publication struct{ client, id string }

type client struct {
	name, room string
	raw, done  bool
	steps      []step
	members    []string // those it has been, in order

	// While the log is read:
	conns   int
	own     string          // the member that it is
	stand   recado.Position // by its own account
	offered recado.Position // by a welcome
}

// A step is an event with what the client's earlier events say about it.
type step struct {
	*Event

	line   int
	before recado.Position // where the client stood by its own account; zero before its first welcome
	at     recado.Position // of a stored message or ack; of a welcome or gap, the place it names
	conn   int             // counts the client's connections, from 1
	own    string          // the member that the client is
	what   *message        // of a send, message, ack or lost; nil if nobody has sent such a thing
}

// A message is something that a client has sent.
type message struct {
	sender   *client
	number   int // among the sender's
	id, kind string
	conn     int      // on which a raw sender wrote it
	own      string   // the member that a raw sender with a session was then
	members  []string // who others were told had sent it
	seen     []recado.Position
	acked    []recado.Position
}

// place is where the room keeps the message, as far as anybody knows.
func (m *message) place() (recado.Position, bool) {
	for _, places := range [][]recado.Position{m.seen, m.acked} {
		if len(places) > 0 {
			return places[0], true
		}
	}
	return recado.Position{}, false
}

// received is a step that shows the client a stored message, somebody else's or by an ack its own.
func (s *step) received() bool { return s.Do == Message || s.Do == Ack && !s.Duplicate }

// stored tells the frames of the chain from those of raw clients, and from answers outside of it.
func (s *step) stored() bool { return s.received() && s.at.Seq != 0 }

// place is where the room keeps what the client received by this step, even if it was not told.
func (s *step) place(c *client) (at recado.Position, known bool) {
	switch {
	case !c.raw:
		return s.at, s.stored()
	case s.Do != Message || s.foreign(c):
		return at, false
	}
	return s.what.place()
}

// leaked is what was said in another room.
func (s *step) leaked(c *client) bool { return s.what != nil && s.what.sender.room != c.room }

// echoed is what the raw client itself has said, as the member that it still is.
func (s *step) echoed(c *client, what *message) bool {
	return what.sender == c && (what.conn == s.conn || s.own != "" && what.own == s.own)
}

// foreign is what no client of the room has said: only one rule complains of it.
func (s *step) foreign(c *client) bool { return s.what == nil || s.leaked(c) }

func index(events []Event) *history {
	h := &history{
		sent:   map[string]*message{},
		ids:    map[publication]*message{},
		stored: map[timeline][]uint64{},
		places: map[recado.Position]*message{},
	}
	clients := h.enter(events)
	for i := range events {
		if c := clients[events[i].Client]; c != nil {
			h.follow(c, &events[i], i+1)
		} else {
			h.fault(&events[i], i+1, "before its join")
		}
	}
	h.arrange()
	return h
}

// enter learns who there is and what they have sent: a message may stand in the log before its send.
func (h *history) enter(events []Event) map[string]*client {
	clients := map[string]*client{}
	for i := range events {
		e := &events[i]
		c := clients[e.Client]
		switch {
		case e.Do == Join && c == nil:
			c = &client{name: e.Client, room: e.Room, raw: e.Raw}
			clients[c.name] = c
			h.clients = append(h.clients, c)
		case e.Do == Send && c != nil && h.sent[string(e.Data)] == nil:
			m := &message{sender: c, number: i, id: e.ID, kind: e.Kind}
			h.sent[string(e.Data)] = m
			if e.ID != "" {
				h.ids[publication{c.name, e.ID}] = m
			}
		case e.Do == Join || e.Do == Send:
			h.fault(e, i+1, "for the second time, or before its join")
		}
	}
	return clients
}

// follow adds the event to the client's steps and moves the client on.
func (h *history) follow(c *client, e *Event, line int) {
	s := step{Event: e, line: line, before: c.stand, conn: c.conns, own: c.own}
	switch e.Do {
	case Open, Welcome:
		c.conns++
		c.members = include(c.members, e.Member)
		c.own = e.Member
		s.conn, s.own = c.conns, c.own
	case Send, Message:
		s.what = h.sent[string(e.Data)]
	case Ack, Lost:
		s.what = h.ids[publication{c.name, e.ID}]
	case Done:
		c.done = true
	}
	if e.Do == Send && s.what != nil && s.what.sender == c {
		s.what.conn, s.what.own = s.conn, s.own
	}
	if err := c.move(&s); err != nil {
		h.fault(e, line, err.Error())
		return
	}
	c.steps = append(c.steps, s)
	h.see(c, &s)
}

// move says where the step is, and where the client is after it. What a welcome offers to one who cannot be
// recovered holds when the gap is announced: the connection may end before.
func (c *client) move(s *step) (err error) {
	if s.Do == Welcome || s.Do == Gap {
		s.at, err = recado.ParsePosition(s.Position)
	}
	switch {
	case err != nil:
	case s.Do == Welcome && c.stand.Epoch != "":
		c.offered = recado.Position{}
		if !s.Recovered || s.at.Epoch != c.stand.Epoch {
			c.offered = s.at
		}
	case s.Do == Welcome, s.Do == Gap:
		c.stand, c.offered = s.at, recado.Position{}
	case s.leaked(c):
		s.at = recado.Position{Epoch: c.stand.Epoch, Seq: s.Seq}
	case s.Do == Message, s.Do == Ack:
		if c.offered.Epoch != "" && s.received() {
			c.stand, s.before, c.offered = c.offered, c.offered, recado.Position{} // a gap is missing
		}
		s.at = recado.Position{Epoch: c.stand.Epoch, Seq: s.Seq}
		if s.stored() && s.Seq > c.stand.Seq {
			c.stand = s.at
		}
	}
	return err
}

// see notes where the message of the step stands.
func (h *history) see(c *client, s *step) {
	if s.at.Seq == 0 || s.what == nil || s.Do != Message && s.Do != Ack {
		return
	}
	if s.Do == Message {
		s.what.seen = include(s.what.seen, s.at)
		s.what.members = include(s.what.members, s.Member)
	} else {
		s.what.acked = include(s.what.acked, s.at)
	}
	if !s.received() {
		return
	}
	if h.places[s.at] == nil {
		h.places[s.at] = s.what
	}
	if !s.foreign(c) {
		line := timeline{c.room, s.at.Epoch}
		h.stored[line] = append(h.stored[line], s.at.Seq)
	}
}

func (h *history) arrange() {
	for line, seqs := range h.stored {
		slices.Sort(seqs)
		h.stored[line] = slices.Compact(seqs)
	}
}

// between returns the known seqs of the room after one seq and before another.
func (h *history) between(room, epoch string, after, before uint64) []uint64 {
	seqs := h.stored[timeline{room, epoch}]
	first, _ := slices.BinarySearch(seqs, after+1)
	end, _ := slices.BinarySearch(seqs, before)
	return seqs[first:max(first, end)]
}

func (h *history) fault(e *Event, line int, text string) {
	h.faults = append(h.faults, Violation{Rule: "log", Client: e.Client, Line: line, Text: e.Do + ": " + text})
}

func include[T comparable](list []T, element T) []T {
	if slices.Contains(list, element) {
		return list
	}
	return append(list, element)
}
