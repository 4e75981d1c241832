package storm

import (
	"math"
	"slices"

	"recado"
)

// checkGap: the stored frames that a client receives chain, each to the one before it. Where they do not, a gap
// has said so first, with the range that is missing.
func checkGap(h *history, c *client, complain complaint) {
	if c.raw {
		return
	}
	owed := false // a gap, since a welcome
	for i := range c.steps {
		s := &c.steps[i]
		switch {
		case s.Do == Welcome:
			// What another epoch owes is checkEpoch's.
			owed = s.before.Epoch == s.at.Epoch && !s.Recovered
		case s.Do == Gap:
			owed = false
			checkRange(h, c, s, complain)
		case s.Do == Done && owed, s.stored() && owed && !s.leaked(c):
			owed = false
			complain(s, "not recovered after %v, and no gap announced", s.before)
		case s.stored() && !s.leaked(c) && s.at.Seq > s.before.Seq && s.Prev != s.before.Seq:
			complain(s, "seq %d follows %d, the client is at %v", s.Seq, s.Prev, s.before)
		}
	}
}

// checkRange: a gap says neither less nor more than what is missing.
func checkRange(h *history, c *client, s *step, complain complaint) {
	if s.Reason == "epoch" {
		return
	}
	if s.From != s.before.Seq+1 || s.To != s.at.Seq {
		complain(s, "gap from %d to %d, the client goes from %v to %v", s.From, s.To, s.before, s.at)
	}
	known := h.between(c.room, s.at.Epoch, s.before.Seq, s.at.Seq+1)
	if s.Missed != 0 && s.Missed < len(known) {
		complain(s, "%d missed, the room had at least %d there", s.Missed, len(known))
	}
}

// checkLost: a client receives, sooner or later, all that the room has between any two places where it was, but for
// announced gaps. So does a raw client while a connection lasts, and whoever has read to the end, up to the end.
func checkLost(h *history, c *client, complain complaint) {
	got := map[recado.Position]bool{}
	for i := range c.steps {
		if s := &c.steps[i]; s.received() {
			at, _ := s.place(c)
			got[at] = true
		}
	}
	var last recado.Position // of this raw connection
	for i := range c.steps {
		s := &c.steps[i]
		after, end := s.before, s.at.Seq
		switch {
		case s.Do == Open:
			last = recado.Position{}
			continue
		case c.raw:
			at, known := s.place(c)
			if !known {
				continue
			}
			after, end = last, at.Seq
			if at.Epoch != last.Epoch || at.Seq > last.Seq {
				last = at
			}
		case s.Do == Done:
			end = math.MaxUint64
		case !s.stored():
			continue
		}
		missing := slices.Clone(h.between(c.room, after.Epoch, after.Seq, end))
		missing = slices.DeleteFunc(missing, func(seq uint64) bool {
			at := recado.Position{Epoch: after.Epoch, Seq: seq}
			return got[at] || c.raw && s.echoed(c, h.places[at])
		})
		if len(missing) > 0 {
			complain(s, "%d messages after %v never came, the first is %d", len(missing), after, missing[0])
		}
	}
}

// checkResume: recovered means that the client goes on exactly where it was, and that the announced replay
// came.
func checkResume(_ *history, c *client, complain complaint) {
	var welcome *step
	frames := 0 // since that welcome
	for i := range c.steps {
		s := &c.steps[i]
		switch {
		case s.Do == Welcome:
			welcome, frames = s, 0
			if s.Recovered && s.at.Epoch == s.before.Epoch && s.at != s.before {
				complain(s, "recovered at %v, the client was at %v", s.at, s.before)
			}
		case s.stored():
			frames++
		case s.Do == Done && welcome != nil && frames < welcome.Replay:
			complain(s, "%d frames after a welcome that announced %d", frames, welcome.Replay)
		}
	}
}

// checkEpoch: a client is told of a new epoch by a gap before it sees anything of it, never comes back to an old
// one, and a connection stays in one.
func checkEpoch(_ *history, c *client, complain complaint) {
	if c.raw {
		checkEpochRaw(c, complain)
		return
	}
	past := map[string]bool{}
	owed := false
	for i := range c.steps {
		s := &c.steps[i]
		past[s.before.Epoch] = true
		switch {
		case s.Do == Welcome:
			owed = s.before.Epoch != "" && s.at.Epoch != s.before.Epoch
			if owed && past[s.at.Epoch] {
				complain(s, "back in epoch %s", s.at.Epoch)
			}
		case s.Do == Gap:
			if owed != (s.Reason == "epoch") || owed != (s.at.Epoch != s.before.Epoch) {
				complain(s, "gap of reason %q to %v, the client is at %v", s.Reason, s.at, s.before)
			}
			owed = false
		case owed && (s.stored() || s.Do == Done):
			owed = false
			complain(s, "no gap has announced another epoch than %s", s.before.Epoch)
		}
	}
}

func checkEpochRaw(c *client, complain complaint) {
	epoch := ""
	for i := range c.steps {
		s := &c.steps[i]
		at, known := s.place(c)
		switch {
		case s.Do == Open:
			epoch = ""
		case known && epoch != "" && at.Epoch != epoch:
			complain(s, "%v on a connection that has seen epoch %s", at, epoch)
		case known:
			epoch = at.Epoch
		}
	}
}
