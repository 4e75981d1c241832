// Package report tells what a run of the load generator has measured: as a table, as JSON, as a page with plots, in
// comparison with an earlier run, and as conditions that hold or do not. It knows nothing of connections.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"recado/internal/loadgen"
)

// format is that of the JSON. It changes when a reader of the old one would misunderstand the new one.
const format = 1

type (
	// A Report is what is written as JSON. Parts that were not measured are nil.
	Report struct {
		Format    int        `json:"format"`
		Time      time.Time  `json:"time"`
		Program   string     `json:"program"`
		Machine   string     `json:"machine"`
		Target    string     `json:"target"` // without a query, which may hold secrets
		Load      Load       `json:"load"`
		Connect   Connect    `json:"connect"`
		Traffic   *Traffic   `json:"traffic,omitempty"`
		Server    *Server    `json:"server,omitempty"`
		Churn     *Churn     `json:"churn,omitempty"`
		Generator *Generator `json:"generator,omitempty"`
	}
	// Load is what was asked for.
	Load struct {
		Protocol string  `json:"protocol,omitempty"` // "" for raw
		Clients  int     `json:"clients"`
		Rooms    int     `json:"rooms"`
		Senders  int     `json:"senders_per_room"`
		Size     int     `json:"message_bytes"`
		InFlight int     `json:"in_flight_per_room,omitempty"`
		Rate     float64 `json:"rate_per_second,omitempty"`
		Stalled  int     `json:"stalled,omitempty"`
		Churn    float64 `json:"churn_per_second,omitempty"`
		Warmup   float64 `json:"warmup_seconds"`
		Duration float64 `json:"duration_seconds"` // 0: idle connections
	}
	// Connect is about the handshakes.
	Connect struct {
		Seconds   float64 `json:"seconds"`
		PerSecond float64 `json:"per_second"`
		P50       float64 `json:"p50_ms"`
		P99       float64 `json:"p99_ms"`
		Max       float64 `json:"max_ms"`
	}
	// Churn is about those who came and went.
	Churn struct {
		PerSecond float64 `json:"joins_per_second"`
		P50       float64 `json:"p50_ms"`
		P99       float64 `json:"p99_ms"`
		Max       float64 `json:"max_ms"`
		Failed    int64   `json:"failed"`
		Reason    string  `json:"reason,omitempty"` // of the first failure
	}
	// Traffic is about the messages.
	Traffic struct {
		Seconds      float64  `json:"seconds"`
		Deliveries   int64    `json:"deliveries"`
		PerSecond    float64  `json:"deliveries_per_second"`
		Messages     float64  `json:"messages_per_second"`
		P50          float64  `json:"p50_ms"`
		P90          float64  `json:"p90_ms"`
		P99          float64  `json:"p99_ms"`
		P999         float64  `json:"p99_9_ms"`
		Max          float64  `json:"max_ms"`
		Lost         int64    `json:"lost"`
		Duplicated   int64    `json:"duplicated"`
		OutOfOrder   int64    `json:"out_of_order"`
		Echoed       int64    `json:"echoed"`
		Foreign      int64    `json:"foreign"`
		Closed       int      `json:"stalled_closed_by_server,omitempty"`
		Timeline     []Sample `json:"timeline"`
		Distribution []Point  `json:"distribution"`
	}
	// A Sample is a stretch of time.
	Sample struct {
		Seconds   float64 `json:"seconds"` // its end
		PerSecond float64 `json:"deliveries_per_second"`
		P50       float64 `json:"p50_ms"`
		P99       float64 `json:"p99_ms"`
		Max       float64 `json:"max_ms"`
	}
	// A Point says that this share of the deliveries, in percent, took no longer.
	Point struct {
		Percent float64 `json:"percent"`
		Millis  float64 `json:"ms"`
	}
	// Server is about the server's process, if it was known.
	Server struct {
		CPU    float64 `json:"cpu_us_per_delivery,omitempty"`
		Cores  float64 `json:"cores_busy,omitempty"`
		Before int64   `json:"resident_bytes_before"`
		After  int64   `json:"resident_bytes_after"`
		Each   float64 `json:"bytes_per_connection"`
	}
	// Generator is about the process that made the load.
	Generator struct {
		CPU        float64 `json:"cpu_us_per_delivery"`
		Cores      float64 `json:"cores_busy"`
		Bottleneck bool    `json:"bottleneck"`
		Waited     float64 `json:"waited_share"` // of the time, for a processor
		Starved    bool    `json:"starved"`
	}
)

// New reports on a run under load.
func New(r *loadgen.Result, program string) *Report {
	c := r.Config
	p := newReport(c, program)
	p.Load.Warmup, p.Load.Duration = c.Warmup.Seconds(), c.Duration.Seconds()
	p.Connect = newConnect(r.Connecting, r.Handshakes)
	quantile := func(q float64) float64 { return millis(r.Latency.ValueAtQuantile(q)) }
	t := &Traffic{
		Seconds: r.Elapsed.Seconds(), Deliveries: r.Deliveries,
		PerSecond: r.DeliveriesPerSecond(), Messages: perSecond(r.Messages, r.Elapsed),
		P50: quantile(50), P90: quantile(90), P99: quantile(99), P999: quantile(99.9), Max: millis(r.Latency.Max()),
		Lost: r.Lost, Duplicated: r.Duplicated, OutOfOrder: r.OutOfOrder, Echoed: r.Echoed, Foreign: r.Foreign,
		Closed: r.StalledClosed, Timeline: []Sample{}, Distribution: []Point{},
	}
	if r.Deliveries == 0 {
		t.Max = 0 // the histogram's is not, of none
	}
	for _, s := range r.Timeline {
		t.Timeline = append(t.Timeline, Sample{
			Seconds: s.End.Seconds(), PerSecond: perSecond(s.Deliveries, s.Elapsed),
			P50: millis(int64(s.P50)), P99: millis(int64(s.P99)), Max: millis(int64(s.Max)),
		})
	}
	for _, percent := range percents(r.Deliveries) {
		t.Distribution = append(t.Distribution, Point{percent, quantile(percent)})
	}
	p.Traffic = t
	if r.Churn != nil {
		p.Churn = newChurn(r.Churn, r.Elapsed)
	}
	server, own := r.CPUPerDelivery()
	serverCores, ownCores := r.Busy()
	p.Generator = &Generator{CPU: own, Cores: ownCores, Bottleneck: r.Bottleneck(), Starved: r.Starved()}
	if r.Elapsed > 0 {
		p.Generator.Waited = r.Waited.Seconds() / r.Elapsed.Seconds()
	}
	if r.RSSAfter > 0 {
		p.Server = newServer(r.RSSBefore, r.RSSAfter, c.Connections)
		p.Server.CPU, p.Server.Cores = server, serverCores
	}
	return p
}

// NewIdle reports on connections without messages.
func NewIdle(r *loadgen.IdleResult, program string) *Report {
	c := r.Config
	p := newReport(c, program)
	p.Connect = newConnect(r.Connecting, r.Handshakes)
	if c.PID != 0 {
		p.Server = newServer(r.RSSBefore, r.RSSAfter, r.Connections)
	}
	return p
}

// Read takes what Write has written.
func Read(from io.Reader) (*Report, error) {
	var r Report
	if err := json.NewDecoder(from).Decode(&r); err != nil {
		return nil, err
	}
	if r.Format != format {
		return nil, fmt.Errorf("the report has the format %d, want %d", r.Format, format)
	}
	return &r, nil
}

// Write writes the report as JSON.
func (r *Report) Write(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func newReport(c loadgen.Config, program string) *Report {
	r := &Report{
		Format: format, Time: time.Now().UTC().Truncate(time.Second), Program: program, Machine: machine(),
		Load: Load{
			Clients: c.Connections, Rooms: c.Rooms, Senders: c.Senders, Size: c.Size,
			InFlight: c.InFlight, Rate: c.Rate, Stalled: c.Stalled, Churn: c.Churn,
		},
	}
	r.Target, _, _ = strings.Cut(c.URL, "?")
	if c.Protocol != loadgen.Raw {
		r.Load.Protocol = string(c.Protocol)
	}
	if c.Rate > 0 {
		r.Load.InFlight = 0
	}
	return r
}

// A histogram is the part of the load generator's that is read here.
type histogram interface {
	ValueAtQuantile(q float64) int64
	Max() int64
	TotalCount() int64
}

func newConnect(took time.Duration, h histogram) Connect {
	return Connect{
		Seconds: took.Seconds(), PerSecond: perSecond(h.TotalCount(), took),
		P50: millis(h.ValueAtQuantile(50)), P99: millis(h.ValueAtQuantile(99)), Max: millis(h.Max()),
	}
}

func newChurn(c *loadgen.Churn, elapsed time.Duration) *Churn {
	churn := &Churn{
		PerSecond: perSecond(c.Joins.TotalCount(), elapsed),
		P50:       millis(c.Joins.ValueAtQuantile(50)), P99: millis(c.Joins.ValueAtQuantile(99)), Max: millis(c.Joins.Max()),
		Failed: c.Failed,
	}
	if c.Err != nil {
		churn.Reason = c.Err.Error()
	}
	return churn
}

func newServer(before, after int64, connections int) *Server {
	return &Server{Before: before, After: after, Each: float64(after-before) / float64(max(1, connections))}
}

// percents are those of a distribution: closer and closer to 100, as long as ten deliveries or more are beyond.
func percents(deliveries int64) (p []float64) {
	const steps = 4 // while what is beyond is halved
	for base := 100.0; ; base /= 2 {
		for step := range steps {
			beyond := base * (1 - float64(step)/(2*steps))
			if beyond/100*float64(deliveries) < 10 {
				return p
			}
			p = append(p, 100-beyond)
		}
	}
}

func perSecond(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

func millis(nanoseconds int64) float64 { return float64(nanoseconds) / 1e6 }

// machine describes where the figures come from.
func machine() string {
	model := runtime.GOARCH
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo") // without it, the architecture must do
	for line := range strings.Lines(string(cpuinfo)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease") // as above
	system := strings.TrimSpace(runtime.GOOS + " " + strings.TrimSpace(string(release)))
	return fmt.Sprintf("%s, %d × %s, %s", model, runtime.NumCPU(), system, runtime.Version())
}
