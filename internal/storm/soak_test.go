package storm_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	soakTime = flag.Duration("soak", 3*time.Second, "how long TestSoak lets clients come and go")
	soakPlot = flag.String("plot", "", "the file that TestSoak draws what it has seen to, as SVG")
)

const (
	visitors = 120 // at a time
	// soakSample is how far apart the samples are; a soak shorter than soakJudged is not judged by them: a process
	// that has just been started grows.
	soakSample = 500 * time.Millisecond
	soakJudged = 3 * time.Minute
)

// A soaking is clients of all kinds that come, talk, and go, for as long as one likes.
type soaking struct {
	address string
	client  http.Client
	visits  atomic.Int64
	heard   atomic.Int64 // messages, by who counts them

	mu     sync.Mutex // guards errors
	errors []error
}

// TestSoak lets clients come and go, and then looks whether the server has kept anything of them.
func TestSoak(t *testing.T) {
	r := newRelay(t, "--history-total-bytes", "8MiB", "--limits-queue", "64KiB", "--limits-message-size", "16KiB")
	s := &soaking{address: r.address, client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}}
	before, err := s.sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), *soakTime)
	defer cancel()
	var all sync.WaitGroup
	for i := range visitors {
		all.Go(func() { s.visitAgain(ctx, i) })
	}
	var samples []sample
	for ; ctx.Err() == nil; pause(ctx, soakSample) {
		now, err := s.sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, now)
	}
	all.Wait()
	s.client.CloseIdleConnections()
	if *soakPlot != "" {
		if err := os.WriteFile(*soakPlot, plot(samples, *soakTime), 0o600); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d visits, %d messages heard by those who count", s.visits.Load(), s.heard.Load())
	for _, err := range s.errors[:min(len(s.errors), 5)] {
		t.Errorf("%d errors, one of them: %v", len(s.errors), err)
	}
	if s.heard.Load() == 0 {
		t.Error("nobody has heard anything")
	}
	s.judge(t, before, samples)
}

// judge looks at what the server has taken, and whether all of it is given back.
func (s *soaking) judge(t *testing.T, before sample, samples []sample) {
	t.Helper()
	for _, figure := range figures() {
		values := figure.of(samples)
		early, late := steady(values)
		t.Logf("%s: %.4g at the start, then at most %.4g; median of the second third %.4g, of the last %.4g",
			figure.name, figure.of([]sample{before})[0], slices.Max(values), early, late)
		if *soakTime >= soakJudged && late > 1.1*early+figure.slack {
			t.Errorf("%s has grown from %.4g to %.4g", figure.name, early, late)
		}
	}
	var last sample
	until(t, "the server to give back what it took", func() bool {
		var err error
		if last, err = s.sample(t.Context()); err != nil {
			t.Fatal(err)
		}
		return last["recado_connections"] == 0 && last["go_goroutines"] <= before["go_goroutines"]+idleGoroutines &&
			last["process_open_fds"] <= before["process_open_fds"]+idleFiles
	})
	t.Logf("afterwards: %v goroutines and %v files, %v and %v before; slow readers: %v", last["go_goroutines"],
		last["process_open_fds"], before["go_goroutines"], before["process_open_fds"], last["recado_slow_readers_total"])
}

// What a server that has been busy keeps to be busy again.
const (
	idleGoroutines = 40 // workers that wait for the next readable socket
	idleFiles      = 12 // rings and poller, which the first connection makes
)

// A figure is something that must not grow.
type figure struct {
	name, metric string
	unit         float64 // of the metric's
	slack        float64 // what it may grow by beside a tenth, in units
}

func figures() []figure {
	return []figure{
		{"memory in MB", "process_resident_memory_bytes", 1e6, 8},
		{"goroutines", "go_goroutines", 1, 50},
		{"open files", "process_open_fds", 1, 20},
		{"connections", "recado_connections", 1, 20},
		{"history in MB", "recado_history_bytes", 1e6, 1},
	}
}

// A sample is what the server says of itself at one moment: the sum over the labels of each metric.
type sample map[string]float64

func (s *soaking) sample(ctx context.Context) (sample, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	now := sample{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), " ")
		if strings.HasPrefix(name, "#") || !found {
			continue
		}
		name, _, _ = strings.Cut(name, "{")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			now[name] += v
		}
	}
	if now["process_resident_memory_bytes"] == 0 {
		return nil, fmt.Errorf("%d metrics, HTTP status %d", len(now), answer.StatusCode)
	}
	return now, nil
}

// of is what the samples have of the figure.
func (f figure) of(samples []sample) (values []float64) {
	for _, s := range samples {
		values = append(values, s[f.metric]/f.unit)
	}
	return values
}

// steady returns the medians of the second third of the values and of the last. The first third is the start.
func steady(values []float64) (early, late float64) {
	third := len(values) / 3
	return median(values[third : 2*third]), median(values[2*third:])
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// visitAgain visits one room after the other until ctx ends.
func (s *soaking) visitAgain(ctx context.Context, number int) {
	for n := 0; ctx.Err() == nil; n++ {
		v := newVisitor(s, number, n)
		err := v.visit(ctx)
		s.visits.Add(1)
		if err != nil {
			s.mu.Lock()
			s.errors = append(s.errors, fmt.Errorf("%s: %w", v.name, err))
			s.mu.Unlock()
			pause(ctx, time.Second)
		}
	}
}
