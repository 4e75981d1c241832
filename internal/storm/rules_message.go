package storm

import "slices"

// checkIntegrity: the bytes and their kind arrive as they were sent. A raw client sees JSON as text.
func checkIntegrity(_ *history, c *client, complain complaint) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.Do != Message {
			continue
		}
		if s.what == nil {
			complain(s, "nobody has sent these %d bytes", len(s.Data))
			continue
		}
		want := s.what.kind
		if c.raw && want == "json" {
			want = "text"
		}
		if s.Kind != want {
			complain(s, "%s, sent as %s", s.Kind, s.what.kind)
		}
	}
}

// checkRoom: a message stays in its room.
func checkRoom(_ *history, c *client, complain complaint) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.Do == Message && s.leaked(c) {
			complain(s, "%s said this in %s", s.what.sender.name, s.what.sender.room)
		}
	}
}

// checkEcho: nobody hears itself. A client that has become a new member may hear the one that it was before.
func checkEcho(_ *history, c *client, complain complaint) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.Do != Message || s.what == nil || s.what.sender != c {
			continue
		}
		earlier := s.Member != s.own && slices.Contains(c.members, s.Member)
		if c.raw && s.echoed(c, s.what) || !c.raw && !earlier {
			complain(s, "its own message came back")
		}
	}
}

// checkIdentity: everybody is told the same sender, and it is the one who sent it.
func checkIdentity(_ *history, c *client, complain complaint) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.Do != Message || c.raw || s.foreign(c) {
			continue
		}
		sender := s.what.sender
		switch {
		case s.Member != s.what.members[0]:
			complain(s, "from %s, others were told from %s", s.Member, s.what.members[0])
		case !sender.raw && !slices.Contains(sender.members, s.Member):
			complain(s, "from %s, which %s has never been", s.Member, sender.name)
		}
	}
}

// checkOutbox: what a client that has come to the end was given to send is acked, or it has said that it is not.
func checkOutbox(_ *history, c *client, complain complaint) {
	if c.raw || !c.done {
		return
	}
	settled := map[*message]bool{}
	for i := range c.steps {
		s := &c.steps[i]
		if s.Do == Lost && s.what != nil {
			if _, known := s.what.place(); settled[s.what] || known && s.Reason != "uncertain" {
				complain(s, "%s is in the room, reported as %q", s.ID, s.Reason)
			}
		}
		if s.Do == Ack || s.Do == Lost {
			settled[s.what] = true
		}
	}
	for i := range c.steps {
		if s := &c.steps[i]; s.Do == Send && !settled[s.what] {
			complain(s, "%s is neither acked nor reported as lost", s.ID)
		}
	}
}
