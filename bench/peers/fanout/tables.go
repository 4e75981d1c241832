//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A table has its head as the first row.
type table struct {
	title   string
	picture string // what the end of its name is; "" for none
	rows    [][]string
}

// fails stands where a server was measured, but never brought a run to its end.
const fails = "does not keep up"

// tables are what a run has measured, as a person reads it.
func (r *report) tables() []table {
	var all []table
	if len(r.Cells) > 0 {
		all = append(all, r.table("Server CPU per delivery, µs", serverMicros))
		for _, baseline := range []string{"gws", "node-ws"} {
			if len(r.Servers) > 1 && slices.Contains(r.Servers, baseline) {
				ratio := func(c cell) float64 { return r.ratio(c, baseline) }
				all = append(all, r.table("The same as a ratio to "+baseline+" in the same round", ratio))
			}
		}
		all = append(all,
			r.table("Deliveries per second", func(c cell) float64 { return c.PerSecond }),
			r.latencies(),
			r.table("CPU of the load generator per delivery, µs", func(c cell) float64 { return c.LoadMicros }))
	}
	for _, e := range experiments {
		if t, measured := e.table(r); measured {
			all = append(all, t)
		}
	}
	if len(r.Idle) > 0 {
		all = append(all, r.idleTable())
	}
	return all
}

func serverMicros(c cell) float64 { return c.ServerMicros }

// table has one figure for each server and each number of messages in flight. NaN is left out.
func (r *report) table(title string, figure func(cell) float64) table {
	t := table{title: title, rows: [][]string{{"server"}}}
	for _, n := range r.InFlight {
		t.rows[0] = append(t.rows[0], fmt.Sprintf("W=%d", n))
	}
	for _, server := range r.Servers {
		row := []string{server}
		for _, n := range r.InFlight {
			row = append(row, spread(r.values(server, n, figure)))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// latencies marks figures of measurements that were too short to show the latency.
func (r *report) latencies() table {
	t := r.table("Latency p99, ms", func(c cell) float64 { return c.P99 })
	for i, server := range r.Servers {
		for j, n := range r.InFlight {
			if slices.ContainsFunc(r.Cells, func(c cell) bool {
				return c.Experiment == "" && c.Server == server && c.InFlight == n && c.brief()
			}) {
				t.rows[i+1][j+1] = "≥ " + t.rows[i+1][j+1]
			}
		}
	}
	return t
}

func (r *report) idleTable() table {
	connections := r.Idle[0].Connections
	t := table{
		title: fmt.Sprintf("Resident memory of the server with %s idle connections", number(float64(connections))),
		rows:  [][]string{{"server", "bytes per connection", "before, MB", "after, MB"}},
	}
	for _, server := range r.Servers {
		row := []string{server}
		for _, figure := range []func(idle) float64{
			func(i idle) float64 { return i.Each },
			func(i idle) float64 { return float64(i.Before) / 1e6 },
			func(i idle) float64 { return float64(i.After) / 1e6 },
		} {
			var values []float64
			failed := 0
			for _, i := range r.Idle {
				switch {
				case i.Server != server || i.Connections != connections:
				case i.Failed != "":
					failed++
				default:
					values = append(values, figure(i))
				}
			}
			row = append(row, spread(values, failed))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// values are a figure of all rounds, and the number of rounds that failed.
func (r *report) values(server string, inFlight int, figure func(cell) float64) (values []float64, failed int) {
	return r.figures(figure, func(c cell) bool {
		return c.Experiment == "" && c.Server == server && c.InFlight == inFlight
	})
}

// figures are values of the cells that are wanted.
func (r *report) figures(figure func(cell) float64, wanted func(cell) bool) (values []float64, failed int) {
	for _, c := range r.Cells {
		if !wanted(c) {
			continue
		}
		if c.Failed != "" {
			failed++
		} else if v := figure(c); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values, failed
}

// ratio compares a cell with the baseline's in the same round; NaN if that has none.
func (r *report) ratio(c cell, baseline string) float64 {
	for _, b := range r.Cells {
		if b.Experiment == "" && b.Server == baseline && b.InFlight == c.InFlight && b.Round == c.Round && b.Failed == "" && b.ServerMicros > 0 {
			return c.ServerMicros / b.ServerMicros
		}
	}
	return math.NaN()
}

// notes say what the tables do not.
func (r *report) notes() []string {
	var all []string
	note := func(format string, a ...any) { all = append(all, fmt.Sprintf(format, a...)) }
	var deliveries, faults int64
	starved := 0
	for _, c := range r.Cells {
		if c.starved() {
			starved++
		}
		where := fmt.Sprintf("%s, %s, round %d", c.Server, c.load(), c.Round)
		deliveries += c.Deliveries
		faults += c.faults()
		if c.Failed != "" {
			note("%s: %s", where, c.Failed)
		}
		if c.faults() > 0 {
			note("%s: %d lost, %d duplicated, %d out of order, %d echoed, %d foreign",
				where, c.Lost, c.Duplicated, c.OutOfOrder, c.Echoed, c.Foreign)
		}
		if c.Stalled > 0 {
			note("%s: %d of %d that did not read were closed by the server; it had %.1f MB",
				where, c.Closed, c.Stalled, float64(c.RSS)/1e6)
		}
		if c.LoadBusy > 0.95 && c.LoadBusy > c.ServerBusy {
			note("%s: the load generator was the bottleneck", where)
		}
	}
	for _, i := range r.Idle {
		if i.Failed != "" {
			note("%s, idle, round %d: %s", i.Server, i.Round, i.Failed)
		}
	}
	if starved > 0 {
		note("In %d of %d measurements neither the server nor the load generator had %.0f %% of its core: other programs "+
			"ran meanwhile. Deliveries per second and latency are worse for it; CPU per delivery is less affected, but not untouched.",
			starved, len(r.Cells), 100*saturated)
	}
	if len(r.Cells) > 0 {
		note("%s deliveries; lost, duplicated, out of order, echoed or foreign: %d", grouped(deliveries), faults)
	}
	return all
}

// load names what the server was under.
func (c cell) load() string {
	if c.Experiment != "" {
		return c.Experiment + ", " + c.Column
	}
	return fmt.Sprintf("W=%d", c.InFlight)
}

// spread is the median, and where they differ the least and the most.
func spread(values []float64, failed int) string {
	switch {
	case len(values) == 0 && failed > 0:
		return fails
	case len(values) == 0:
		return "–"
	}
	slices.Sort(values)
	text := number(median(values))
	if least, most := number(values[0]), number(values[len(values)-1]); least != most {
		text += " (" + least + "–" + most + ")"
	}
	if failed > 0 {
		text += fmt.Sprintf(", but %d of %d rounds failed", failed, failed+len(values))
	}
	return text
}

// median expects sorted values.
func median(values []float64) float64 {
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// number has three significant digits, and never an exponent.
func number(v float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return fmt.Sprint(v)
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if decimals <= 0 {
		step := math.Pow10(-decimals)
		return grouped(int64(math.Round(v/step) * step))
	}
	text := fmt.Sprintf("%.*f", decimals, v)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// grouped separates thousands by commas.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
