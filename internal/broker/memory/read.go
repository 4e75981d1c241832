package memory

import (
	"context"
	"math"
	"sort"

	"recado"
)

// ReadAfter returns the first kept messages after that position.
func (b *Broker) ReadAfter(_ context.Context, name string, after recado.Position, limit int) (recado.Page, error) {
	return b.read(name, func(r *room) (from, to, left int) {
		if after.Epoch == b.epoch && after.Seq <= r.last {
			from = r.firstAfter(after.Seq)
		}
		to = min(r.kept.n, from+max(limit, 0))
		return from, to, r.kept.n - to
	})
}

// ReadBefore returns the last kept messages before that position; one of another epoch is after everything, as
// the zero Position is.
func (b *Broker) ReadBefore(_ context.Context, name string, before recado.Position, limit int) (recado.Page, error) {
	return b.read(name, func(r *room) (from, to, left int) {
		to = r.kept.n
		if before.Epoch == b.epoch && before.Seq > 0 {
			to = r.firstAfter(before.Seq - 1)
		}
		from = max(0, to-max(limit, 0))
		return from, to, from
	})
}

// read returns the page that choose chooses of what is kept in this moment.
func (b *Broker) read(name string, choose func(r *room) (from, to, left int)) (recado.Page, error) {
	r, err := b.enter(name, false)
	if err != nil {
		return recado.Page{}, err
	}
	defer r.mu.Unlock()
	r.forgetMessages(b.now().UnixMilli(), math.MaxInt)
	from, to, left := choose(r)
	page := recado.Page{From: r.position(r.last), Left: left}
	if from < to {
		page.From.Seq = r.kept.at(from).Prev
		page.Messages = make([]recado.Message, 0, to-from)
	}
	for i := from; i < to; i++ {
		page.Messages = append(page.Messages, *r.kept.at(i))
	}
	return page, nil
}

// firstAfter is the index of the oldest kept message whose seq is greater; r.mu is held.
func (r *room) firstAfter(seq uint64) int {
	return sort.Search(r.kept.n, func(i int) bool { return r.kept.at(i).Seq > seq })
}
