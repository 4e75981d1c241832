package memory

// A ring is a queue in a slice that is used again and again. The slice has room for at most four times what the
// queue holds.
type ring[T any] struct {
	slots []T // none, or a power of two
	first int // where the oldest is
	n     int
}

// at returns the i-th oldest.
func (r *ring[T]) at(i int) *T { return &r.slots[(r.first+i)&(len(r.slots)-1)] }

// push makes a place for a new one, which the caller fills.
func (r *ring[T]) push() *T {
	if r.n == len(r.slots) {
		r.resize(max(1, 2*r.n))
	}
	r.n++
	return r.at(r.n - 1)
}

// pop drops the oldest.
func (r *ring[T]) pop() {
	clear(r.slots[r.first : r.first+1]) // lets go of what it points to
	r.first = (r.first + 1) & (len(r.slots) - 1)
	r.n--
	switch {
	case r.n == 0:
		*r = ring[T]{}
	case r.n <= len(r.slots)/4:
		r.resize(len(r.slots) / 2)
	}
}

func (r *ring[T]) resize(size int) {
	slots := make([]T, size)
	for i := range r.n {
		slots[i] = *r.at(i)
	}
	r.slots, r.first = slots, 0
}
