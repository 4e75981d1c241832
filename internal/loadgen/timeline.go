package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Sample is a stretch of the measurement.
type Sample struct {
	End           time.Duration // since the measurement's start
	Elapsed       time.Duration
	Deliveries    int64
	P50, P99, Max time.Duration // latency; zero without deliveries
}

// samples are about as many as a plot can show.
const samples = 120

// tick is how often the context and missing deliveries are looked at, and a sample at most ends.
const tick = 100 * time.Millisecond

// A timeline cuts the measurement into samples.
type timeline struct {
	every   int64 // nanoseconds
	start   int64
	end     int64 // of the measurement, as planned
	last    int64
	total   int64 // deliveries until last
	latency *hdrhistogram.Histogram
	done    []Sample
}

func newTimeline(duration time.Duration) *timeline {
	return &timeline{
		end:     int64(duration),
		every:   max(int64(duration)/samples, int64(tick)),
		latency: hdrhistogram.New(1000, int64(time.Hour), 2),
	}
}

func (t *timeline) begin(now, deliveries int64) {
	t.start, t.last, t.total = now, now, deliveries
	t.end += now
}

// look ends the sample if it is time to, unless the next one would be too short to say anything.
func (t *timeline) look(now, deliveries int64) {
	if now-t.last >= t.every && t.end-now >= t.every/2 {
		t.cut(now, deliveries)
	}
}

func (t *timeline) cut(now, deliveries int64) {
	if now == t.last {
		return
	}
	s := Sample{End: time.Duration(now - t.start), Elapsed: time.Duration(now - t.last), Deliveries: deliveries - t.total}
	if t.latency.TotalCount() > 0 { // the largest of none would not be zero
		s.P50, s.P99 = time.Duration(t.latency.ValueAtQuantile(50)), time.Duration(t.latency.ValueAtQuantile(99))
		s.Max = time.Duration(t.latency.Max())
	}
	t.done = append(t.done, s)
	t.latency.Reset()
	t.last, t.total = now, deliveries
}
