package hub

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// maxOwnBatches is how many batches a publisher writes before another goroutine goes on in its stead,
	// so that a busy room does not keep one of its members from being read.
	maxOwnBatches = 16
	// maxYields bounds how often a flush lets publishers go first.
	maxYields = 16
	// chunk is how many members one core writes to before it looks for more work; smaller rooms are not split.
	chunk = 256
)

// A delivery is one batch on its way to the members that the group had when it was taken.
type delivery struct {
	group *group
	batch *Batch
	to    []*Member
}

// flush writes batch after batch until nothing is open. The caller has set r.flushing.
func (r *room) flush() {
	var buffer [4]delivery // rooms rarely have more encodings
	done := buffer[:0]
	for range maxOwnBatches {
		r.gather()
		var tally Tally
		done, tally = r.take(done)
		if len(done) == 0 {
			return
		}
		for _, d := range done {
			r.hub.write(d)
		}
		r.hub.observer.Flushed(tally)
	}
	go r.flushOn(done) // ends when the room has nothing more to write
}

// gather lets whoever is ready to publish do it now and share the next batch. There is no timer: when nobody is
// ready this returns at once. One turn is not enough when many are, because the scheduler comes back to who
// yielded after 61 others at the latest.
func (r *room) gather() {
	for range maxYields {
		before := r.delivered.Load()
		runtime.Gosched()
		if r.delivered.Load() == before {
			return
		}
	}
}

// flushOn is flush on a goroutine of its own, with the deliveries that are to be given back first.
func (r *room) flushOn(done []delivery) {
	r.giveBack(done)
	r.flush()
}

// take gives the deliveries that are done back and returns the next ones in the same slice, none if nothing
// is open: then the room is not flushing any more. What they bring comes with them.
func (r *room) take(done []delivery) ([]delivery, Tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done = r.returned(done)
	for _, g := range r.groups {
		if g.open == nil {
			continue
		}
		done = append(done, delivery{group: g, batch: g.open, to: g.members})
		g.open, g.lent = nil, true
	}
	r.flushing = len(done) > 0
	r.open = 0
	tally := r.tally
	r.tally = Tally{}
	r.wake()
	return done, tally
}

func (r *room) giveBack(done []delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.returned(done)
}

// returned makes the batches available again and the members' slices the groups' own; r.mu is held.
func (r *room) returned(done []delivery) []delivery {
	for _, d := range done {
		d.group.lent = false
		d.batch.recycle()
	}
	clear(done)
	return done[:0]
}

// write hands the batch to every member, on several cores when there are many.
func (h *Hub) write(d delivery) {
	defer h.survive("encoding")
	workers := min(runtime.GOMAXPROCS(0), len(d.to)/chunk)
	if workers < 2 {
		d.group.encoding.Flush(d.batch, d.to)
		return
	}
	var next atomic.Int64
	var others sync.WaitGroup
	work := func() {
		defer h.survive("encoding")
		for {
			from := int(next.Add(chunk)) - chunk
			if from >= len(d.to) {
				return
			}
			d.group.encoding.Flush(d.batch, d.to[from:min(from+chunk, len(d.to))])
		}
	}
	for range workers - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}
