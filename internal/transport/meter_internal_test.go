package transport

import (
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	const rate, burst = 10, 5
	var m meter
	for i, step := range []struct {
		at   time.Duration
		n    int
		wait time.Duration
	}{
		{0, 4, 0},
		{0, 1, 0},                      // the last of the burst
		{0, 1, 100 * time.Millisecond}, // one too many
		{0, 2, 300 * time.Millisecond}, // they queue up
		{300 * time.Millisecond, 1, 100 * time.Millisecond}, // waited for, and the next
		{400 * time.Millisecond, 1, 100 * time.Millisecond},
		{10 * time.Second, 5, 0}, // full again, and no fuller
		{10 * time.Second, 1, 100 * time.Millisecond},
	} {
		if got := m.take(step.at, step.n, rate, burst); got != step.wait {
			t.Errorf("step %d: take(%v, %d) = %v, want %v", i, step.at, step.n, got, step.wait)
		}
	}
}
