//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"recado/internal/loadgen"
)

// An experiment is one question beside the fan-out to one room in a closed loop, with a table of its own.
type experiment struct {
	name    string
	title   string
	servers []string // of those that are measured at all; nil: all
	figure  func(cell) float64
	columns []column
}

// A column is one load of an experiment.
type column struct {
	head string
	load func(c *loadgen.Config, r *report)
}

// experiments are in the order of the page.
//
//nolint:gochecknoglobals // a constant
var experiments = []experiment{
	{
		name: growth, title: "Growth: server CPU per delivery, µs, with 16 messages in flight in each room",
		servers: []string{"recado"}, // most of the others have one room, or slow down long before
		figure:  serverMicros,
		columns: []column{
			members(10, 1), members(100, 1), members(1000, 1), members(10_000, 1), members(10_000, 1000),
		},
	},
	{
		name: openLoop, title: "Open loop, 1,000 members: latency p99, ms, from the moment a message was due",
		servers: []string{"recado", "gws", "gorilla", "coder", "node-ws"},
		figure:  func(c cell) float64 { return c.P99 },
		columns: []column{
			{"100 messages/s", func(c *loadgen.Config, _ *report) { c.Rate = 100 }},
			{"half of what recado can", func(c *loadgen.Config, r *report) {
				c.Rate, c.Senders = r.saturation("recado")/2, 16
			}},
		},
	},
	{
		name: "large", title: "Messages of 16 KiB to 100 members: MB delivered per second",
		figure: func(c cell) float64 { return c.PerSecond * large / 1e6 },
		columns: []column{
			{"W=1", func(c *loadgen.Config, _ *report) { c.Connections, c.Size = 100, large }},
			{"W=16", func(c *loadgen.Config, _ *report) { c.Connections, c.Size, c.InFlight = 100, large, 16 }},
		},
	},
}

// openLoop is the experiment that leaves the server time.
const openLoop = "open loop"

// growth is the experiment with a plot of its own.
const growth = "growth"

// large is a message's size, in bytes.
const large = 16 << 10

// members is a load of so many connections in so many rooms.
func members(connections, rooms int) column {
	head := number(float64(connections)) + " members"
	if rooms > 1 {
		head = fmt.Sprintf("%s rooms of %d", number(float64(rooms)), connections/rooms)
	}
	return column{head, func(c *loadgen.Config, _ *report) {
		c.Connections, c.Rooms, c.InFlight = connections, rooms, 16
		c.Senders = min(16, connections/rooms)
	}}
}

// growthPlot draws the growth over the number of members, "" if it was not measured.
func (r *report) growthPlot() string {
	p := &plot{over: "members", under: fmt.Sprintf("recado, 16 messages in flight in each room, %d bytes", r.Size), at: []int{10, 100, 1000, 10_000}}
	measured := 0
	for _, s := range []struct {
		name  string
		rooms func(members int) int
	}{{"one room", func(int) int { return 1 }}, {"rooms of 10", func(members int) int { return members / 10 }}} {
		p.series = append(p.series, series{s.name, func(at int) []float64 {
			head := members(at, s.rooms(at)).head
			values, _ := r.figures(serverMicros, func(c cell) bool { return c.Experiment == growth && c.Column == head })
			measured += len(values)
			return values
		}})
	}
	if drawn := p.draw(); measured > 0 {
		return drawn
	}
	return ""
}

// saturation is how many messages a second the server relayed in the widest of the closed loops, in the median.
func (r *report) saturation(server string) float64 {
	values, _ := r.values(server, slices.Max(r.InFlight), func(c cell) float64 {
		return c.PerSecond / float64(r.Clients-1)
	})
	if len(values) == 0 {
		return 2000
	}
	return median(values)
}

// experiment measures all columns of one, interleaved like the fan-out.
func (e *experiment) measure(ctx context.Context, o options, programs []program, r *report, progress io.Writer) error {
	for round := range o.rounds {
		for _, column := range e.columns {
			for _, p := range programs {
				if e.servers != nil && !slices.Contains(e.servers, p.name) {
					continue
				}
				load := loadgen.Config{
					Connections: o.clients, Size: o.size, InFlight: 1,
					Warmup: o.warmup, Duration: o.duration, Gather: o.gather, Timeout: min(o.timeout, 10*time.Second),
				}
				column.load(&load, r)
				c, err := measureLoad(ctx, o, p, load)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", p.name, e.name, err)
				}
				c.Experiment, c.Column, c.Round = e.name, column.head, round+1
				r.Cells = append(r.Cells, c)
				_, _ = fmt.Fprintf(progress, "round %d/%d  %s, %s  %-16s %s\n",
					c.Round, o.rounds, e.name, column.head, p.name, cmp.Or(c.Failed, number(e.figure(c))))
			}
		}
	}
	return nil
}

// table has one row for each server that was measured.
func (e *experiment) table(r *report) (t table, measured bool) {
	t = table{title: e.title, rows: [][]string{{"server"}}}
	if e.name == growth {
		t.picture = growth
	}
	for _, c := range e.columns {
		t.rows[0] = append(t.rows[0], c.head)
	}
	for _, server := range r.Servers {
		row := []string{server}
		some := false
		for _, column := range e.columns {
			values, failed := r.figures(e.figure, func(c cell) bool {
				return c.Server == server && c.Experiment == e.name && c.Column == column.head
			})
			some = some || len(values)+failed > 0
			row = append(row, spread(values, failed))
		}
		if some {
			t.rows = append(t.rows, row)
		}
	}
	return t, len(t.rows) > 1
}
