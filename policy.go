package recado

// A QueuePolicy says what happens to a reader for whom more is waiting than its queue may hold.
type QueuePolicy uint8

// The policies.
const (
	Disconnect QueuePolicy = iota // close code 4001; the client resumes
	DropOldest                    // it goes on with what the history still has, and is told what it has missed
)

// String returns "disconnect" or "drop-oldest".
func (p QueuePolicy) String() string {
	if p == DropOldest {
		return "drop-oldest"
	}
	return "disconnect"
}

// A RoomPolicy is the policy of the rooms whose names match Pattern, in which * stands for any characters and ?
// for one.
type RoomPolicy struct {
	Pattern string
	Policy  QueuePolicy
}

// QueuePolicy is the policy of the first pattern that matches the room's name, otherwise Disconnect.
func (l *Limits) QueuePolicy(room string) QueuePolicy {
	for _, p := range l.QueuePolicies {
		if matches(p.Pattern, room) {
			return p.Policy
		}
	}
	return Disconnect
}
