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

// baseline is the peer that all are compared with.
const baseline = "gws"

// A cell is one measurement.
type cell struct {
	Server       string  `json:"server"`
	InFlight     int     `json:"in_flight"`
	Round        int     `json:"round"`
	ServerMicros float64 `json:"server_cpu_us_per_delivery"`
	LoadMicros   float64 `json:"load_cpu_us_per_delivery"`
	ServerBusy   float64 `json:"server_busy"` // share of its core
	LoadBusy     float64 `json:"load_busy"`
	PerSecond    float64 `json:"deliveries_per_second"`
	PerRead      float64 `json:"deliveries_per_read"` // how far the server combines messages
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	Deliveries   int64   `json:"deliveries"`
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
		Server: peer, InFlight: r.Config.InFlight,
		ServerMicros: server, LoadMicros: load,
		ServerBusy: r.ServerCPU.Seconds() / r.Elapsed.Seconds(), LoadBusy: r.OwnCPU.Seconds() / r.Elapsed.Seconds(),
		PerSecond: r.DeliveriesPerSecond(), PerRead: float64(r.Deliveries) / float64(max(1, r.Reads)), P50: milliseconds(50), P99: milliseconds(99), Deliveries: r.Deliveries,
		Lost: r.Lost, Duplicated: r.Duplicated, OutOfOrder: r.OutOfOrder, Echoed: r.Echoed, Foreign: r.Foreign,
		RSS: r.RSSAfter, Stalled: r.Config.Stalled, Closed: r.StalledClosed,
	}
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
}

func newIdle(peer string, round int, r *loadgen.IdleResult) idle {
	return idle{
		Server: peer, Round: round, Connections: r.Connections, Before: r.RSSBefore, After: r.RSSAfter,
		Each: r.BytesPerConnection(), Seconds: r.Connecting.Seconds(),
	}
}

// A report is everything measured in one run.
type report struct {
	options  options
	Machine  string            `json:"machine"`
	Versions map[string]string `json:"versions"`
	Clients  int               `json:"clients"`
	Size     int               `json:"message_bytes"`
	Cells    []cell            `json:"cells,omitempty"`
	Idle     []idle            `json:"idle,omitempty"`
}

func newReport(o options, programs []program) *report {
	versions := map[string]string{}
	for _, p := range programs {
		versions[p.name] = p.version
	}
	return &report{options: o, Machine: machine(), Versions: versions, Clients: o.clients, Size: o.size}
}

func (r *report) writeJSON(name string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// print writes the tables; the median of the rounds stands first, then the least and the most.
func (r *report) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	line := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) } // Flush tells of errors
	line("%s", r.Machine)
	for _, peer := range r.options.peers {
		line("%s: %s", peer, r.Versions[peer])
	}
	if len(r.Idle) > 0 {
		r.printIdle(line)
	} else {
		r.printCells(line)
	}
	return w.Flush()
}

func (r *report) printIdle(line func(string, ...any)) {
	line("\nResident memory of the server with %d idle connections; %d rounds\n", r.options.idle, r.options.rounds)
	line("server\tbytes per connection\tbefore, MB\tafter, MB")
	for _, peer := range r.options.peers {
		var each, before, after []float64
		for _, i := range r.Idle {
			if i.Server == peer {
				each, before, after = append(each, i.Each), append(before, float64(i.Before)/1e6), append(after, float64(i.After)/1e6)
			}
		}
		line("%s\t%s\t%s\t%s", peer, spread(each, "%.0f"), spread(before, "%.1f"), spread(after, "%.1f"))
	}
}

func (r *report) printCells(line func(string, ...any)) {
	o := r.options
	line("%d connections, %d bytes, W messages in flight; server on core %d, load on core %d; %d rounds of %v",
		o.clients, o.size, o.serverCore, o.loadCore, o.rounds, o.duration)
	r.table(line, "Server CPU per delivery, µs", func(c cell) float64 { return c.ServerMicros }, "%.3g")
	if slices.Contains(o.peers, baseline) {
		r.table(line, "The same as a ratio to "+baseline+" in the same round", r.ratio, "%.3g")
	}
	r.table(line, "Deliveries per second", func(c cell) float64 { return c.PerSecond }, "%.0f")
	r.table(line, "Latency p99, ms", func(c cell) float64 { return c.P99 }, "%.3g")
	r.table(line, "CPU of the load generator per delivery, µs", func(c cell) float64 { return c.LoadMicros }, "%.3g")
	line("")
	var deliveries, faults int64
	for _, c := range r.Cells {
		deliveries += c.Deliveries
		faults += c.faults()
		if c.faults() > 0 {
			line("%s, W=%d, round %d: %d lost, %d duplicated, %d out of order, %d echoed, %d foreign",
				c.Server, c.InFlight, c.Round, c.Lost, c.Duplicated, c.OutOfOrder, c.Echoed, c.Foreign)
		}
		if c.Stalled > 0 {
			line("%s, W=%d, round %d: %d of %d that did not read were closed by the server; it had %.1f MB",
				c.Server, c.InFlight, c.Round, c.Closed, c.Stalled, float64(c.RSS)/1e6)
		}
		if c.LoadBusy > 0.95 && c.LoadBusy > c.ServerBusy {
			line("%s, W=%d, round %d: the load generator was the bottleneck", c.Server, c.InFlight, c.Round)
		}
	}
	line("%d deliveries; lost, duplicated, out of order, echoed or foreign: %d", deliveries, faults)
}

// ratio compares a cell with the baseline's in the same round.
func (r *report) ratio(c cell) float64 {
	for _, b := range r.Cells {
		if b.Server == baseline && b.InFlight == c.InFlight && b.Round == c.Round {
			return c.ServerMicros / b.ServerMicros
		}
	}
	return 0
}

// table prints one figure for each server and each number of messages in flight.
func (r *report) table(line func(string, ...any), title string, figure func(cell) float64, format string) {
	head := []string{"server"}
	for _, n := range r.options.inFlight {
		head = append(head, fmt.Sprintf("W=%d", n))
	}
	line("\n%s\n\n%s", title, strings.Join(head, "\t"))
	for _, peer := range r.options.peers {
		row := []string{peer}
		for _, n := range r.options.inFlight {
			var values []float64
			for _, c := range r.Cells {
				if c.Server == peer && c.InFlight == n {
					values = append(values, figure(c))
				}
			}
			row = append(row, spread(values, format))
		}
		line("%s", strings.Join(row, "\t"))
	}
}

// spread is the median, and where they differ the least and the most.
func spread(values []float64, format string) string {
	slices.Sort(values)
	text := fmt.Sprintf(format, values[len(values)/2])
	least, most := fmt.Sprintf(format, values[0]), fmt.Sprintf(format, values[len(values)-1])
	if least != most {
		text += " (" + least + "–" + most + ")"
	}
	return text
}

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
	return fmt.Sprintf("%s, Linux %s, %s", model, strings.TrimSpace(string(release)), runtime.Version())
}
