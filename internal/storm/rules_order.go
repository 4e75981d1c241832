package storm

import "recado"

// checkDuplicate: a client receives each message, each place and each ack once.
func checkDuplicate(_ *history, c *client, complain complaint) {
	type place struct {
		at recado.Position
		do string // an echo would stand in one place with its ack
	}
	messages := map[*message]bool{}
	places := map[place]bool{}
	for i := range c.steps {
		s := &c.steps[i]
		if !s.received() {
			continue
		}
		again := s.Do == Message && s.what != nil && messages[s.what]
		if s.Do == Message {
			messages[s.what] = true
		}
		if s.stored() {
			again = again || places[place{s.at, s.Do}]
			places[place{s.at, s.Do}] = true
		}
		if again {
			complain(s, "the second time")
		}
	}
}

// checkOrder: all clients of a room see one order, that of seq. Those who see no seq see others' messages in
// the order in which the others see them.
func checkOrder(_ *history, c *client, complain complaint) {
	var last recado.Position
	past := map[string]bool{} // epochs
	for i := range c.steps {
		s := &c.steps[i]
		at, known := s.place(c)
		switch {
		case !known || s.leaked(c):
			continue
		case at.Epoch == last.Epoch && at.Seq < last.Seq:
			complain(s, "%v after %v", at, last)
			continue
		case at.Epoch != last.Epoch && past[at.Epoch] && c.raw: // the others are told their epoch
			complain(s, "%v after %v, of a later epoch", at, last)
		}
		past[at.Epoch] = true
		last = at
	}
}

// checkSender: what one member says arrives in the order in which it was said, and is acked in that order.
// A raw client is another member with each connection.
func checkSender(_ *history, c *client, complain complaint) {
	type member struct {
		client *client
		id     string
		conn   int
	}
	last := map[member]*message{}
	for i := range c.steps {
		s := &c.steps[i]
		if !s.received() || s.what == nil {
			continue
		}
		sender := member{client: s.what.sender}
		switch {
		case sender.client.raw:
			sender.conn = s.what.conn
		case len(s.what.members) > 0:
			sender.id = s.what.members[0]
		case len(sender.client.members) == 1:
			sender.id = sender.client.members[0]
		}
		if before := last[sender]; before != nil && s.what.number < before.number {
			complain(s, "%s had said this before what has arrived already", sender.client.name)
			continue
		}
		last[sender] = s.what
	}
}

// checkSeq: within an epoch a seq stands for one message, over all rooms and clients.
func checkSeq(h *history, c *client, complain complaint) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.stored() && s.what != nil && h.places[s.at] != s.what {
			complain(s, "%v is another message for others", s.at)
		}
	}
}

// checkOnce: a message is stored once, however often it is sent again.
func checkOnce(_ *history, c *client, complain complaint) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.Do == Send && s.what != nil && len(s.what.seen) > 1 {
			complain(s, "stored at %v", s.what.seen)
		}
	}
}

// checkAck: what is acked stands where the ack says.
func checkAck(_ *history, c *client, complain complaint) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.Do != Ack {
			continue
		}
		if s.what == nil {
			complain(s, "%q was never sent", s.ID)
			continue
		}
		if place, _ := s.what.place(); place != s.at {
			complain(s, "%s at %v, for others at %v", s.ID, s.at, place)
		}
	}
}
