package hub

import "time"

const (
	// lagPace is how much can be said, in bytes a second, in a room where as many keep up as lag.
	lagPace = 1 << 20
	// few is how many have to keep up for each that lags to be held to no more than that.
	few = 16
	// minLagPause is how much has to come together for a pause, and maxLagPause bounds the one before a message.
	minLagPause = time.Millisecond
	maxLagPause = 100 * time.Millisecond
)

// Lag tells whether the member's connection has fallen behind what is written to it. While one that is attached has,
// what is published in the room is held to a pace, so that a burst does not run over readers that read. The more of
// the members keep up, the faster that is: a few cannot hold up many.
func (m *Member) Lag(lags bool) {
	r := m.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLag(m, lags && m.group != nil)
}

// The methods below are called with r.mu held.

// noteLag counts the member as one that lags, or not any more.
func (r *room) noteLag(m *Member, lags bool) {
	if lags == m.lags {
		return
	}
	m.lags = lags
	by := 1
	if !lags {
		by = -1
	}
	r.lagging += by
	if !m.Local {
		r.laggingAfar += by
	}
	if lags {
		return
	}
	r.patience = 0
	if r.catchUp != nil {
		close(r.catchUp)
		r.catchUp = nil
	}
}

// letCatchUp waits before m says n bytes in a room where somebody lags. While nobody keeps up, nobody but m has to
// wait, and it may take long, but not longer than m, which is not read meanwhile, has to answer a ping; and not again
// before somebody has caught up. Then it is short. It unlocks r.mu meanwhile.
func (r *room) letCatchUp(m *Member, n int) {
	now, limits := r.hub.age(), r.hub.limits.Load()
	lagging, keeping := r.readers(m)
	if lagging > 0 && keeping == 0 && r.patience == 0 {
		r.patience = now + min(limits.QueueStall, limits.PingTimeout)
	}
	for ; lagging > 0 && keeping == 0 && now < r.patience; now = r.hub.age() {
		r.awaitCatchUp(r.patience - now)
		lagging, keeping = r.readers(m)
	}
	if lagging == 0 {
		return
	}
	pace := max(1, lagPace*max(1, keeping)/lagging)
	if pace > lagPace {
		pace = max(lagPace, pace/few)
	}
	takes := time.Duration(n) * time.Second / time.Duration(pace)
	r.paced = min(max(r.paced, now)+takes, now+maxLagPause)
	for until := r.paced; lagging > 0 && until-now >= minLagPause; now = r.hub.age() {
		r.awaitCatchUp(until - now)
		lagging, _ = r.readers(m)
	}
}

// readers returns how many others lag, and how many keep up. How slow somebody is on another machine, nobody knows: as
// many as lag there count as keeping up at the least, so that they hold nobody below lagPace.
func (r *room) readers(m *Member) (lagging, keeping int) {
	lagging = r.lagging
	for _, g := range r.groups {
		keeping += len(g.members)
	}
	if m.group != nil {
		keeping--
	}
	if m.lags {
		lagging--
	}
	keeping -= lagging
	if r.laggingAfar > 0 {
		keeping = max(keeping, lagging)
	}
	return lagging, keeping
}

// awaitCatchUp waits until some member lags no more, at most for d. What has been published ahead is written first:
// nobody else would. It unlocks r.mu meanwhile.
func (r *room) awaitCatchUp(d time.Duration) {
	if r.catchUp == nil {
		r.catchUp = make(chan struct{})
	}
	catchUp := r.catchUp
	r.mu.Unlock()
	defer r.mu.Lock()
	r.write()
	timer := time.NewTimer(d)
	defer timer.Stop()
	began := r.hub.age()
	select {
	case <-catchUp:
	case <-timer.C:
	}
	r.hub.observer.Held(r.hub.age() - began)
}
