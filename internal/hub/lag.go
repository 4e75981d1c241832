package hub

import "time"

const (
	// lagPace is what a member can say at any rate while others lag, in bytes a second; so it is also what a member has
	// to take in order to be waited for.
	lagPace = 1 << 20
	// maxLagPause bounds the pause before one message, and minLagPause is how much has to come together for one.
	maxLagPause = 100 * time.Millisecond
	minLagPause = time.Millisecond
)

// Lag tells whether the member's connection has fallen behind what is written to it. While one has, and is attached,
// those who publish in the room are held to a pace: a burst does not run over readers that read.
func (m *Member) Lag(lags bool) {
	r := m.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLag(m, lags && m.group != nil)
}

// noteLag counts the member as one that lags, or not any more; r.mu is held.
func (r *room) noteLag(m *Member, lags bool) {
	if lags == m.lags {
		return
	}
	m.lags = lags
	if lags {
		r.lagging++
		return
	}
	if r.lagging--; r.lagging == 0 && r.caughtUp != nil {
		close(r.caughtUp)
		r.caughtUp = nil
	}
}

// letCatchUp waits, while members lag, so that m says no more than lagPace allows. It is called with r.mu held, and
// unlocks it meanwhile. What has been published ahead is written first: nobody else would.
func (r *room) letCatchUp(m *Member, n int) {
	now := time.Since(r.hub.began)
	m.paced = min(max(m.paced, now)+time.Duration(n)*time.Second/lagPace, now+maxLagPause)
	wait := m.paced - now
	if wait < minLagPause {
		return
	}
	if r.caughtUp == nil {
		r.caughtUp = make(chan struct{})
	}
	caughtUp := r.caughtUp
	r.mu.Unlock()
	defer r.mu.Lock()
	r.write()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-caughtUp:
	case <-timer.C:
	}
}
