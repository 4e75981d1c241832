package transport

import "time"

// A meter is a token bucket in eight bytes, which every session has: the time at which it will be full again (the
// generic cell rate algorithm). The zero meter is full.
type meter struct{ full time.Duration }

// take takes n tokens at that time out of a bucket that holds burst of them and gets rate a second, and returns how
// long it has to be waited for them.
func (m *meter) take(now time.Duration, n, rate, burst int) (wait time.Duration) {
	each := time.Second / time.Duration(rate)
	m.full = max(m.full, now) + time.Duration(n)*each
	return max(0, m.full-now-time.Duration(burst)*each)
}
