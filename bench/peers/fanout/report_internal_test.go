//go:build linux

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// figures are two rounds of three servers, of which one does not always keep up, and one never with 16 in flight.
func figures(t *testing.T) *report {
	t.Helper()
	o, err := parse([]string{"-peers", "recado,gws,node-ws", "-w", "1,16", "-rounds", "2", "-idle", "5000"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	r := newReport(o, []program{{name: "recado", version: "v1"}, {name: "gws", version: "v2"}, {name: "node-ws", version: "v3"}})
	r.Cells = []cell{
		{Server: "recado", InFlight: 1, Round: 1, ServerMicros: 2, PerSecond: 234_567, P99: 1.25, Messages: 900, Deliveries: 9},
		{Server: "gws", InFlight: 1, Round: 1, ServerMicros: 4, PerSecond: 100_000, Messages: 800},
		{Server: "node-ws", InFlight: 1, Round: 1, ServerMicros: 5, PerSecond: 10_000, Messages: 700},
		{Server: "recado", InFlight: 16, Round: 1, ServerMicros: 0.3, Messages: 9000},
		{Server: "gws", InFlight: 16, Round: 1, ServerMicros: 3, P99: 30, Messages: 31},
		{Server: "node-ws", InFlight: 16, Round: 1, Failed: "deliveries are missing"},
		{Server: "recado", InFlight: 1, Round: 2, ServerMicros: 3, PerSecond: 234_567, P99: 1.25, Messages: 900},
		{Server: "gws", InFlight: 1, Round: 2, ServerMicros: 4, Messages: 800},
		{Server: "node-ws", InFlight: 1, Round: 2, ServerMicros: 5, Failed: "deliveries are missing", Lost: 7},
		{Server: "recado", InFlight: 16, Round: 2, ServerMicros: 0.3, Messages: 9000, LoadBusy: 0.99},
		{Server: "gws", InFlight: 16, Round: 2, ServerMicros: 3, P99: 30, Messages: 310},
		{Server: "node-ws", InFlight: 16, Round: 2, Failed: "deliveries are missing"},
	}
	r.Idle = []idle{
		{Server: "recado", Connections: 5000, Before: 10e6, After: 35e6, Each: 5000},
		{Server: "gws", Connections: 5000, Before: 10e6, After: 65e6, Each: 11_000},
		{Server: "node-ws", Connections: 5000, Failed: "too many"},
	}
	return r
}

func TestPage(t *testing.T) {
	r := figures(t)
	dir := t.TempDir()
	if err := r.writePage(filepath.Join(dir, "figures.md")); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "figures.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"](figures.svg)",
		"| server | W=1 | W=16 |\n|---|--:|--:|",
		"µs\n\n",
		"| recado | 2.5 (2–3) | 0.3 |",
		"| recado | 0.625 (0.5–0.75) | 0.1 |",
		"| node-ws | 5, but 1 of 2 rounds failed | does not keep up |",
		"| recado | 235,000 |",
		"| gws | 0 | ≥ 30 |",
		"| recado | 5,000 | 10 | 35 |",
		"| node-ws | does not keep up |",
		"- node-ws, W=1, round 2: 7 lost",
		"- node-ws, W=16, round 2: deliveries are missing",
		"- recado, W=16, round 2: the load generator was the bottleneck",
		"- node-ws, idle, round 0: too many",
		"- In 8 of 12 measurements neither",
		"- " + r.Machine, "- " + r.Date, "| gws | v2 |",
		"\ngo run ./fanout -peers recado,gws,node-ws -w 1,16 -rounds 2 -idle 5000\n",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	drawn, err := os.ReadFile(filepath.Join(dir, "figures.svg"))
	if err != nil {
		t.Fatal(err)
	}
	wantXML(t, string(drawn))
	for _, want := range []string{"recado  0.3<", "gws  3<", "node-ws  5<", "prefers-color-scheme: dark"} {
		if !strings.Contains(string(drawn), want) {
			t.Errorf("the plot lacks %q:\n%s", want, drawn)
		}
	}
}

// Whatever was measured, there is a picture that can be shown.
func TestPlotOfLittle(t *testing.T) {
	for name, cells := range map[string][]cell{
		"nothing":        nil,
		"only failures":  {{Server: "gws", InFlight: 1, Failed: "no"}},
		"one figure":     {{Server: "gws", InFlight: 1, ServerMicros: 1}},
		"no CPU at all":  {{Server: "gws", InFlight: 1}},
		"all on one end": {{Server: "gws", InFlight: 1, ServerMicros: 0.01}, {Server: "recado", InFlight: 1, ServerMicros: 0.01}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &report{Servers: []string{"recado", "gws"}, InFlight: []int{1}, Cells: cells}
			drawn := r.plot()
			wantXML(t, drawn)
		})
	}
}

func wantXML(t *testing.T, text string) {
	t.Helper()
	for _, bad := range []string{"NaN", "Inf", "%!"} {
		if strings.Contains(text, bad) {
			t.Errorf("the plot has a place that is no number, %s:\n%s", bad, text)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the plot is not XML: %v\n%s", err, text)
		}
	}
}

func TestReports(t *testing.T) {
	cpu, memory := figures(t), figures(t)
	cpu.Idle, memory.Cells = nil, nil
	memory.Servers = append(memory.Servers, "melody")
	memory.Versions["melody"] = "v4"
	dir := t.TempDir()
	names := []string{filepath.Join(dir, "memory.json"), filepath.Join(dir, "cpu.json"), filepath.Join(dir, "elsewhere.json")}
	elsewhere := figures(t)
	elsewhere.Machine = "another"
	for i, r := range []*report{memory, cpu, elsewhere} {
		if err := r.writeJSON(names[i]); err != nil {
			t.Fatal(err)
		}
	}
	want := figures(t)
	want.Servers, want.Versions = memory.Servers, memory.Versions
	want.Commands = append(want.Commands, want.Commands...)
	if got, err := readReports(names[:2]); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("readReports = %+v, %v, want %+v", got, err, want)
	}
	if _, err := readReports(names); err == nil || !strings.Contains(err.Error(), "another machine") {
		t.Errorf("readReports = %v, want to hear of another machine", err)
	}
	var text strings.Builder
	if err := run(t.Context(), []string{"-from", names[0] + "," + names[1]}, &text, os.Stderr); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"recado   0.625 (0.5–0.75)", "W=16", "melody   –", "gws      11,000"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, text.String())
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.04026: "0.0403", 0.999: "0.999", 0.9999: "1", 4.2: "4.2", 99.96: "100", 123.4: "123",
		1234: "1,230", 21_812_345: "21,800,000", 999_999: "1,000,000", -1500: "-1,500", -150: "-150",
	} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}

// Each experiment has a table, and the growth a picture; none of it is taken for the fan-out.
func TestExperiments(t *testing.T) {
	r := figures(t)
	before := r.tables()
	for _, e := range experiments {
		for i, column := range e.columns {
			r.Cells = append(r.Cells, cell{
				Server: "recado", Experiment: e.name, Column: column.head, InFlight: 1, Round: 1,
				ServerMicros: float64(i + 1), P99: 7, PerSecond: 1e6, ServerBusy: 1,
			})
		}
	}
	r.Cells = append(r.Cells, cell{Server: "gws", Experiment: openLoop, Column: "100 messages/s", Round: 1, Failed: "late"})
	dir := t.TempDir()
	if err := r.writePage(filepath.Join(dir, "figures.md")); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "figures.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| server | 10 members | 100 members | 1,000 members | 10,000 members | 1,000 rooms of 10 |\n|---|--:|--:|--:|--:|--:|\n| recado | 1 | 2 | 3 | 4 | 5 |",
		"](figures-growth.svg)",
		"| recado | 7 | 7 |\n| gws | does not keep up | – |",
		"| recado | 16,400 | 16,400 |",
		"- gws, open loop, 100 messages/s, round 1: late",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if after := r.tables(); !reflect.DeepEqual(after[:len(before)-1], before[:len(before)-1]) {
		t.Errorf("the experiments have changed the tables of the fan-out: %v, were %v", after, before)
	}
	drawn, err := os.ReadFile(filepath.Join(dir, "figures-growth.svg"))
	if err != nil {
		t.Fatal(err)
	}
	wantXML(t, string(drawn))
	for _, want := range []string{"one room  4<", "rooms of 10  5<"} {
		if !strings.Contains(string(drawn), want) {
			t.Errorf("the plot lacks %q:\n%s", want, drawn)
		}
	}
}
