package report_test

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"recado/internal/loadgen"
	"recado/internal/loadgen/report"
	"recado/internal/locale"
)

// measured is a run of 10 s: a thousand deliveries that took from 1 to 1000 ms.
func measured(tb testing.TB) *loadgen.Result {
	tb.Helper()
	latency, handshakes := hdrhistogram.New(1000, int64(time.Hour), 3), hdrhistogram.New(1000, int64(time.Hour), 3)
	for i := range 1000 {
		if err := latency.RecordValue(int64(i+1) * int64(time.Millisecond)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := handshakes.RecordValues(int64(2*time.Millisecond), 100); err != nil {
		tb.Fatal(err)
	}
	return &loadgen.Result{
		Config: loadgen.Config{
			URL: "ws://localhost:8765/ops?token=secret", Connections: 100, Rooms: 2, Senders: 4, InFlight: 8, Size: 64,
			Duration: 10 * time.Second, PID: 1,
		},
		Connecting: time.Second, Handshakes: handshakes, Elapsed: 10 * time.Second,
		Deliveries: 1000, Messages: 20, Lost: 3, Latency: latency,
		Timeline:  []loadgen.Sample{{End: 10 * time.Second, Elapsed: 10 * time.Second, Deliveries: 1000, P50: time.Second}},
		ServerCPU: time.Second, OwnCPU: time.Millisecond, RSSBefore: 1000, RSSAfter: 501_000,
	}
}

// wantAll looks for texts, whatever the width of the table's columns.
func wantAll(t *testing.T, text string, want []string) {
	t.Helper()
	plain := regexp.MustCompile(" +").ReplaceAllString(text, " ")
	for _, want := range want {
		if !strings.Contains(plain, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}

func TestPrint(t *testing.T) {
	r := report.New(measured(t), "recado")
	before := report.New(measured(t), "recado")
	before.Traffic.P50 /= 2
	for name, tt := range map[string]struct {
		language locale.Language
		before   *report.Report
		want     []string
	}{
		"english": {locale.English, nil, []string{
			"ws://localhost:8765/ops\n100 clients · 2 rooms · 4 senders a room · 64 bytes · 8 in flight a room · 10.0 s\n\n",
			"\n deliveries 100/s\n", "\n latency p50 500 ms\n", "\n lost 3\n", "\n server CPU per delivery 1.00 ms\n",
			"\n server memory per connection 5,000 B\n",
		}},
		"portuguese, compared": {locale.Portuguese, before, []string{
			" antes agora razão\n", "\n latência p50 250 ms 500 ms ×2,00\n", "\n repetidas 0 0 –\n", "5.000 B", "Em comparação",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := r.Print(&b, locale.New(tt.language), tt.before); err != nil {
				t.Fatal(err)
			}
			wantAll(t, b.String(), tt.want)
			if strings.Contains(b.String(), "secret") || strings.Contains(b.String(), "bottleneck") {
				t.Errorf("Print says too much:\n%s", b.String())
			}
		})
	}
}

func TestNotes(t *testing.T) {
	texts := locale.New(locale.English)
	result := measured(t)
	result.OwnCPU, result.Waited = 9900*time.Millisecond, 3*time.Second
	result.Config.Stalled, result.StalledClosed = 10, 7
	result.Churn = &loadgen.Churn{Joins: result.Handshakes, Failed: 2, Err: errors.New("no room left")}
	notes := strings.Join(report.New(result, "").Notes(texts), "\n")
	if !strings.Contains(notes, "2 connections that should come and go could not; the first: no room left") {
		t.Errorf("notes %q, want those who could not come", notes)
	}
	if !strings.Contains(notes, "waited for a processor 30 % of the time") {
		t.Errorf("notes %q, want that the machine was too busy", notes)
	}
	if !strings.Contains(notes, "bottleneck") || !strings.Contains(notes, "Of 10 clients that never read, the server disconnected 7.") {
		t.Errorf("notes %q, want the bottleneck and the stalled", notes)
	}
	result.Churn, result.Waited = nil, time.Millisecond
	result.ServerCPU = 19 * time.Second // of two processors: it was busier
	if notes := report.New(result, "").Notes(texts); len(notes) != 1 {
		t.Errorf("notes %q, want no bottleneck", notes)
	}
}

func TestJSON(t *testing.T) {
	r := report.New(measured(t), "recado")
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(&b)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("Read(Write(r)) = %+v, %v, want %+v", got, err, r)
	}
	for _, text := range []string{"", "[]", "{}", `{"format": 2}`} {
		if _, err := report.Read(strings.NewReader(text)); err == nil {
			t.Errorf("Read(%q) = nil, want an error", text)
		}
	}
}

func TestDistribution(t *testing.T) {
	points := report.New(measured(t), "").Traffic.Distribution
	last := report.Point{Percent: -1}
	for _, p := range points {
		if p.Percent <= last.Percent || p.Millis < last.Millis {
			t.Errorf("%+v after %+v: the distribution does not rise", p, last)
		}
		last = p
	}
	if last.Percent < 98 || last.Percent > 99.1 {
		t.Errorf("the last of %d points is %+v, want ten of 1000 deliveries beyond it", len(points), last)
	}
}

func TestIdle(t *testing.T) {
	result := measured(t)
	idle := &loadgen.IdleResult{
		Config: result.Config, Connections: 100, Connecting: time.Second, Handshakes: result.Handshakes, RSSAfter: 300_000,
	}
	var b strings.Builder
	if err := report.NewIdle(idle, "").Print(&b, locale.New(locale.English), nil); err != nil {
		t.Fatal(err)
	}
	wantAll(t, b.String(), []string{"100 clients · 2 rooms · idle\n", "3,000 B\n", "100/s"})
	if strings.Contains(b.String(), "latency") {
		t.Errorf("Print of idle connections has a latency:\n%s", b.String())
	}
}
