package hub

import (
	"log/slog"
	"runtime/debug"
	"time"
)

// LogTo tells l of each panic that the hub has survived; without it, that is slog's default. Call it before anything
// else.
func (h *Hub) LogTo(l *slog.Logger) { h.log = l }

// survive, deferred, makes a panic of an encoding, an observer or a broker the end of no more than the function that
// defers it: a room must neither fall silent nor stay locked, and most of the hub runs on goroutines of others.
func (h *Hub) survive(what string) {
	if p := recover(); p != nil {
		h.log.Error("hub panicked", "in", what, "panic", p, "stack", string(debug.Stack()))
	}
}

// A careful observer is told under locks, and may break.
type careful struct {
	to  Observer
	hub *Hub
}

func (c careful) RoomsChanged(by int) {
	defer c.hub.survive("observer")
	c.to.RoomsChanged(by)
}

func (c careful) MembersChanged(by int) {
	defer c.hub.survive("observer")
	c.to.MembersChanged(by)
}

func (c careful) Held(d time.Duration) {
	defer c.hub.survive("observer")
	c.to.Held(d)
}

func (c careful) Flushed(t Tally) {
	defer c.hub.survive("observer")
	c.to.Flushed(t)
}
