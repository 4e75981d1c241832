//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writePage writes the report as Markdown, and its plots beside it under the same name.
func (r *report) writePage(name string) error {
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	plots := map[string]string{}
	if len(r.Cells) > 0 {
		plots[stem+".svg"] = r.plot()
	}
	if drawn := r.growthPlot(); drawn != "" {
		plots[stem+"-growth.svg"] = drawn
	}
	for file, drawn := range plots {
		if err := os.WriteFile(file, []byte(drawn), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(name, []byte(r.page(filepath.Base(stem))), 0o644)
}

// method is what one has to know to read the tables.
const method = `Each server relays every message of %s clients in one room to all the others, messages of %d bytes, W of them in
flight at once: when all others have heard one, its sender sends the next. The server has one core for itself, the load
generator another. Each figure is the median of %d rounds of %v s, and in parentheses the least and the most; a server
that has not relayed two messages of each sender by then is measured again, for longer. Within a round all servers are
measured one after the other, each time freshly started. Processor time is the server process's own, user and system.
The latency is that of a closed loop: W messages wait for each other, so the higher the throughput, the lower it is.
What is marked ≥ was measured for too short a time to see all of it.
`

// page is the report in Markdown; its pictures have names that begin with stem.
func (r *report) page(stem string) string {
	var to strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&to, format+"\n", a...) }
	line("# Fan-out, beside other servers\n")
	line("Written by `fanout -report` in [bench/peers](../bench/peers/README.md), which says how each server is built;")
	line("`make bench-peers` measures again and replaces it.\n")
	if len(r.Cells) > 0 {
		line("![Server CPU per delivery over messages in flight, one line for each server](%s.svg)\n", stem)
		line(method, number(float64(r.Clients)), r.Size, r.Rounds, r.Seconds)
	}
	for _, t := range r.tables() {
		line("## %s\n", t.title)
		if t.picture != "" {
			line("![%s](%s-%s.svg)\n", t.title, stem, t.picture)
		}
		for i, row := range t.rows {
			line("| %s |", strings.Join(row, " | "))
			if i == 0 {
				line("|---|%s", strings.Repeat("--:|", len(row)-1))
			}
		}
		line("")
	}
	line("## Notes\n")
	for _, note := range r.notes() {
		line("- %s", note)
	}
	line("- %s", r.Machine)
	line("- %s\n", r.Date)
	line("| server | made of |\n|---|---|")
	for _, server := range r.Servers {
		line("| %s | %s |", server, r.Versions[server])
	}
	line("\n```\ncd bench/peers\n%s\n```", strings.Join(r.Commands, "\n"))
	return to.String()
}
