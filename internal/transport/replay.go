package transport

import (
	"slices"
	"time"

	"recado"
	"recado/internal/hub"
	v1 "recado/internal/protocol/v1"
)

const (
	// pageSize is how many messages are read at once.
	pageSize = 64
	// stretch is how many bytes of the history wait in a backlog, unless a single message is larger.
	stretch = 64 << 10
	// frameCost is about what a frame has besides the message's payload.
	frameCost = 256
)

// An eventEncoding can say more than messages.
type eventEncoding interface {
	appendEvent(dst []byte, e v1.Event) []byte
}

// A cursor is where in the room's history a session is that reads it at its own pace. Nothing of it is counted
// against the queue: what is in the history is there already.
type cursor struct {
	at    recado.Position // all before has been sent; zero: begin with the oldest
	since time.Time       // what is older is left out
	slow  bool            // what the history has no more was missed because the client is slow

	told   bool // the client has the roster
	roster hub.Roster
}

// refill reads on and puts the next stretch of the history into the backlog; at its end the session is attached to
// the room again. It is called with out.mu held, and unlocks it meanwhile.
func (s *session) refill() {
	c := s.out.cursor
	var frames []byte
	var whole bool
	var err error
	s.out.unlocked(func() { frames, whole, err = s.readOn(c) })
	switch {
	case s.out.end != nil:
		return
	case err != nil:
		s.sendClose(s.wire.goodbye(recado.CloseInternal, recado.CloseInternal.Reason()))
		s.setEnd(ending{code: recado.CloseInternal, why: "history: " + err.Error()})
		return
	case whole && s.member.AttachAt(c.at):
		s.out.cursor = nil
		frames = s.appendRoster(frames, c)
	}
	if len(frames) > 0 {
		s.enqueue(piece{data: frames, asked: true})
	}
}

// readOn returns the frames of the next messages and moves the cursor; whole says that these were all.
func (s *session) readOn(c *cursor) (frames []byte, whole bool, err error) {
	page, err := s.readAfter(c.at, pageSize)
	if err != nil {
		return nil, false, err
	}
	if !c.slow && c.at != (recado.Position{}) {
		s.observeResume(c, page.From)
	}
	if page.From != c.at && c.at != (recado.Position{}) {
		frames = s.appendGap(frames, gap(c, page.From))
	}
	c.slow = true // from here on
	frames, whole = s.appendPage(frames, c, page)
	return frames, whole, nil
}

// appendPage appends the messages as the session receives them, up to a stretch, and moves the cursor.
func (s *session) appendPage(frames []byte, c *cursor, page recado.Page) (_ []byte, whole bool) {
	c.at = page.From
	if len(page.Messages) > 0 {
		frames = slices.Grow(frames, min(len(page.Messages)*(len(page.Messages[0].Data)+frameCost), stretch))
	}
	for i := range page.Messages {
		if len(frames) >= stretch {
			return frames, false
		}
		m := &page.Messages[i]
		if !m.Time.Before(c.since) {
			frames = s.member.Append(frames, m)
		}
		c.at.Seq = m.Seq
	}
	return frames, page.Left == 0
}

// observeResume counts a client that came back with the cursor's position, and goes on at next.
func (s *session) observeResume(c *cursor, next recado.Position) {
	outcome := Recovered
	if next != c.at {
		outcome = Outcome(gap(c, next).Reason)
	}
	s.transport.observer.Resumed(outcome)
}

// gap is what there is to say when the history goes on at a position other than the cursor's.
func gap(c *cursor, next recado.Position) v1.Gap {
	g := v1.Gap{Reason: v1.GapEpoch, Position: next}
	if c.at.Epoch == next.Epoch && c.at.Seq < next.Seq {
		g.From, g.To, g.Reason = c.at.Seq+1, next.Seq, v1.GapExpired
		if c.slow {
			g.Reason = v1.GapSlow
		}
	}
	return g
}

// appendGap appends the gap, if the session's protocol has such a thing.
func (s *session) appendGap(frames []byte, g v1.Gap) []byte {
	s.transport.log.Debug("history skipped", "id", s.member.ID, "room", s.member.Room(), "reason", g.Reason)
	if e, tells := s.member.Encoding.(eventEncoding); tells {
		return e.appendEvent(frames, g)
	}
	return frames
}

// appendRoster appends who is in the room, if the client knows that no more.
func (s *session) appendRoster(frames []byte, c *cursor) []byte {
	e, tells := s.member.Encoding.(hub.PresenceEncoding)
	if !tells || c.told && !s.member.Outdated(c.roster) {
		return frames
	}
	roster := s.roster()
	return e.AppendCount(frames, roster.Count, roster.Members)
}
