package loadgen_test

import (
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado/internal/loadgen"
)

// In the open loop the wait for a slow server counts: latency is measured from when a message was due.
func TestRunOpenLoop(t *testing.T) {
	const stop = 100 * time.Millisecond
	r := &relay{fault: func(count, from, to int, f ws.Frame) []ws.Frame {
		if count == 30 && to == 0 {
			<-time.After(stop) // and nobody is heard meanwhile
		}
		return others(from, to, f)
	}}
	r.start(t)
	c := quick(r.url)
	c.Rate, c.Duration = 500, 600*time.Millisecond
	got, err := loadgen.Run(t.Context(), c)
	if err != nil || got.Faults() > 0 {
		t.Fatalf("Run: %+v, %v", got, err)
	}
	if rate := float64(got.Messages) / got.Elapsed.Seconds(); rate < 250 || rate > 600 {
		t.Errorf("%.0f messages a second, want up to 500", rate)
	}
	// A sixth of the messages was due while the server stood still, and waited half of that on average.
	if p90 := time.Duration(got.Latency.ValueAtQuantile(90)); p90 < stop/5 {
		t.Errorf("p90 = %v, want at least %v", p90, stop/5)
	}
}

func TestRunChurn(t *testing.T) {
	var r relay
	r.start(t)
	c := quick(r.url)
	c.Churn = 200
	c.Rooms = 2
	got, err := loadgen.Run(t.Context(), c)
	if err != nil || got.Faults() > 0 || got.Churn == nil || got.Churn.Failed > 0 {
		t.Fatalf("Run: %+v, %v", got, err)
	}
	if n := got.Churn.Joins.TotalCount(); n < 1 || n > 60 {
		t.Errorf("%d joins in %v, want up to 40", n, got.Elapsed)
	}
}

func TestWatch(t *testing.T) {
	var r relay
	r.start(t)
	c := quick(r.url)
	c.Watch = new(loadgen.Watch)
	if got := c.Watch.State(); got != (loadgen.State{}) {
		t.Errorf("before the run, State() = %+v, want nothing", got)
	}
	if _, err := loadgen.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := c.Watch.State(); got.Phase != loadgen.Draining || got.Connected != 10 || got.Deliveries == 0 || got.Passed <= 0 {
		t.Errorf("after the run, State() = %+v, want 10 connected and draining", got)
	}
}
