//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"recado/internal/loadgen"
)

// A cell is one measurement.
type cell struct {
	Server       string  `json:"server"`
	InFlight     int     `json:"in_flight"`
	Experiment   string  `json:"experiment,omitempty"` // "" is the fan-out
	Column       string  `json:"column,omitempty"`     // of the experiment's table
	Round        int     `json:"round"`
	Failed       string  `json:"failed,omitempty"` // why the run could not be brought to its end
	Seconds      float64 `json:"seconds"`
	ServerMicros float64 `json:"server_cpu_us_per_delivery"`
	LoadMicros   float64 `json:"load_cpu_us_per_delivery"`
	ServerBusy   float64 `json:"server_busy"` // share of its core
	LoadBusy     float64 `json:"load_busy"`
	PerSecond    float64 `json:"deliveries_per_second"`
	PerRead      float64 `json:"deliveries_per_read"` // how far the server combines messages
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	Deliveries   int64   `json:"deliveries"`
	Messages     int64   `json:"messages"` // heard by all others
	Lost         int64   `json:"lost"`
	Duplicated   int64   `json:"duplicated"`
	OutOfOrder   int64   `json:"out_of_order"`
	Echoed       int64   `json:"echoed"`
	Foreign      int64   `json:"foreign"`
	RSS          int64   `json:"rss_bytes"`
	Stalled      int     `json:"stalled,omitempty"`
	Closed       int     `json:"stalled_closed_by_server,omitempty"`
}

func newCell(peer string, r *loadgen.Result) cell {
	server, load := r.CPUPerDelivery()
	milliseconds := func(quantile float64) float64 {
		return float64(r.Latency.ValueAtQuantile(quantile)) / float64(time.Millisecond)
	}
	return cell{
		Server: peer, InFlight: r.Config.InFlight, Seconds: r.Elapsed.Seconds(),
		ServerMicros: server, LoadMicros: load,
		ServerBusy: r.ServerCPU.Seconds() / r.Elapsed.Seconds(), LoadBusy: r.OwnCPU.Seconds() / r.Elapsed.Seconds(),
		PerSecond: r.DeliveriesPerSecond(), PerRead: float64(r.Deliveries) / float64(max(1, r.Reads)),
		P50: milliseconds(50), P99: milliseconds(99), Deliveries: r.Deliveries, Messages: r.Messages,
		Lost: r.Lost, Duplicated: r.Duplicated, OutOfOrder: r.OutOfOrder, Echoed: r.Echoed, Foreign: r.Foreign,
		RSS: r.RSSAfter, Stalled: r.Config.Stalled, Closed: r.StalledClosed,
	}
}

// brief says that not even two messages of each sender went from beginning to end: what a server does in bursts was
// cut somewhere, and the longest latencies are longer than the measurement.
func (c cell) brief() bool {
	return c.Failed == "" && c.Messages < 2*int64(c.InFlight)
}

// saturated is the share of its core that the slower of server and load generator has at least: in a closed loop it
// waits for nothing but the other.
const saturated = 0.8

// starved says that something else had the cores.
func (c cell) starved() bool {
	return c.Failed == "" && c.Experiment != openLoop && max(c.ServerBusy, c.LoadBusy) < saturated
}

func (c cell) faults() int64 {
	return c.Lost + c.Duplicated + c.OutOfOrder + c.Echoed + c.Foreign
}

// An idle is one measurement of memory.
type idle struct {
	Server      string  `json:"server"`
	Round       int     `json:"round"`
	Connections int     `json:"connections"`
	Before      int64   `json:"rss_before_bytes"`
	After       int64   `json:"rss_after_bytes"`
	Each        float64 `json:"bytes_per_connection"`
	Seconds     float64 `json:"connecting_seconds"`
	Failed      string  `json:"failed,omitempty"`
}

func newIdle(peer string, round int, r *loadgen.IdleResult) idle {
	return idle{
		Server: peer, Round: round, Connections: r.Connections, Before: r.RSSBefore, After: r.RSSAfter,
		Each: r.BytesPerConnection(), Seconds: r.Connecting.Seconds(),
	}
}

// A report is everything measured in one run, or in several on one machine.
type report struct {
	Date     string            `json:"date"`
	Commands []string          `json:"commands"`
	Machine  string            `json:"machine"`
	Servers  []string          `json:"servers"`
	Versions map[string]string `json:"versions"`
	Rounds   int               `json:"rounds"`
	Seconds  float64           `json:"seconds"` // of each measurement, or more
	Clients  int               `json:"clients"`
	Size     int               `json:"message_bytes"`
	InFlight []int             `json:"in_flight"`
	Cells    []cell            `json:"cells,omitempty"`
	Idle     []idle            `json:"idle,omitempty"`
}

func newReport(o options, programs []program) *report {
	r := &report{
		Date: time.Now().Format(time.DateOnly), Commands: []string{o.command}, Machine: machine(), Versions: map[string]string{},
		Rounds: o.rounds, Seconds: o.duration.Seconds(), Clients: o.clients, Size: o.size, InFlight: o.inFlight,
	}
	for _, p := range programs {
		r.Servers = append(r.Servers, p.name)
		r.Versions[p.name] = p.version
	}
	return r
}

// readReports puts what earlier runs wrote together; what was the same for all is told as it was in the first.
func readReports(names []string) (*report, error) {
	var all *report
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r := new(report)
		if err := json.Unmarshal(text, r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if all == nil {
			all = r
			continue
		}
		if r.Machine != all.Machine {
			return nil, fmt.Errorf("%s is from another machine: %s, not %s", name, r.Machine, all.Machine)
		}
		all.add(r)
	}
	return all, nil
}

func (r *report) add(other *report) {
	for _, server := range other.Servers {
		if !slices.Contains(r.Servers, server) {
			r.Servers = append(r.Servers, server)
			r.Versions[server] = other.Versions[server]
		}
	}
	if len(r.Cells) == 0 {
		r.Rounds, r.Seconds, r.Clients, r.Size, r.InFlight = other.Rounds, other.Seconds, other.Clients, other.Size, other.InFlight
	}
	r.Commands = append(r.Commands, other.Commands...)
	r.Cells = append(r.Cells, other.Cells...)
	r.Idle = append(r.Idle, other.Idle...)
}

func (r *report) writeJSON(name string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// print writes the tables for a terminal.
func (r *report) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) } // Flush tells of errors
	line("%s", r.Machine)
	for _, server := range r.Servers {
		line("%s: %s", server, r.Versions[server])
	}
	for _, t := range r.tables() {
		line("\n%s\n", t.title)
		for _, row := range t.rows {
			line("%s", strings.Join(row, "\t"))
		}
	}
	line("")
	for _, note := range r.notes() {
		line("%s", note)
	}
	return w.Flush()
}

// machine describes where the figures come from.
func machine() string {
	model := runtime.GOARCH
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo") // without it, the architecture must do
	cores := 0
	for line := range strings.Lines(string(cpuinfo)) {
		switch name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) {
		case "model name":
			model = strings.TrimSpace(value)
		case "processor":
			cores++
		}
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease") // as above
	return fmt.Sprintf("%s, %d cores, Linux %s, %s", model, cores, strings.TrimSpace(string(release)), runtime.Version())
}
