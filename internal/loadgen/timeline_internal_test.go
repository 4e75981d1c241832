package loadgen

import (
	"testing"
	"time"
)

func TestTimeline(t *testing.T) {
	line := newTimeline(time.Second)
	line.begin(1000, 5)
	if err := line.latency.RecordValue(int64(2 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for ms := int64(10); ms <= 1000; ms += 10 {
		line.look(1000+ms*int64(time.Millisecond), 5+ms)
	}
	line.cut(1000+int64(1010*time.Millisecond), 1020)
	if n := len(line.done); n != 10 {
		t.Fatalf("%d samples, want 10, the last without a short one after it: %+v", n, line.done)
	}
	if s := line.done[0]; s.Deliveries != 100 || s.P50 < 2*time.Millisecond || s.Max < s.P50 || s.End != 100*time.Millisecond {
		t.Errorf("the first sample is %+v", s)
	}
	if s := line.done[9]; s.Deliveries != 115 || s.Max != 0 || s.P99 != 0 || s.End != 1010*time.Millisecond {
		t.Errorf("the last sample is %+v, want no latency", s)
	}
}
