package report

import (
	"io"
	"strings"
	"unicode/utf8"

	"recado/internal/locale"
)

// Print writes the report for people; before, if not nil, is an earlier one to compare it with.
func (r *Report) Print(to io.Writer, texts *locale.Texts, before *Report) error {
	var b strings.Builder
	b.WriteString(r.Target + "\n" + r.Summary(texts) + "\n")
	for _, line := range r.comparison(texts, before) {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n")
	b.WriteString(layOut(r.rows(texts, before)))
	for _, note := range r.Notes(texts) {
		b.WriteString("\n" + note + "\n")
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// Summary is the load in one line.
func (r *Report) Summary(texts *locale.Texts) string {
	s, l := styleOf(texts.Language()), r.Load
	parts := []string{texts.Count("bench.clients", l.Clients)}
	if l.Protocol != "" {
		parts = append(parts, l.Protocol)
	}
	if l.Rooms > 1 {
		parts = append(parts, texts.Count("bench.rooms", l.Rooms))
	}
	if l.Stalled > 0 {
		parts = append(parts, texts.Text("bench.stalled", "Number", s.number(float64(l.Stalled))))
	}
	if r.Traffic == nil {
		return strings.Join(append(parts, texts.Text("bench.idle")), " · ")
	}
	parts = append(parts, texts.Count("bench.senders", l.Senders),
		texts.Text("bench.size", "Number", s.number(float64(l.Size))))
	if l.Rate > 0 {
		parts = append(parts, texts.Text("bench.rate", "Number", s.number(l.Rate)))
	} else {
		parts = append(parts, texts.Text("bench.in_flight", "Number", s.number(float64(l.InFlight))))
	}
	if l.Churn > 0 {
		parts = append(parts, texts.Text("bench.churn", "Number", s.number(l.Churn)))
	}
	return strings.Join(append(parts, s.duration(r.Traffic.Seconds*1e9)), " · ")
}

// comparison says what the report is compared with, if with anything.
func (r *Report) comparison(texts *locale.Texts, before *Report) (lines []string) {
	if before == nil {
		return nil
	}
	lines = append(lines, texts.Text("bench.compared", "Time", before.Time.Format("2006-01-02 15:04:05 UTC")))
	if before.Load != r.Load {
		lines = append(lines, texts.Text("bench.other_load", "Load", before.Summary(texts)))
	}
	return lines
}

// Notes are what one should know before believing the figures.
func (r *Report) Notes(texts *locale.Texts) (notes []string) {
	if r.Generator != nil && r.Generator.Bottleneck {
		notes = append(notes, texts.Text("bench.bottleneck"))
	}
	if r.Generator != nil && r.Generator.Starved {
		notes = append(notes, texts.Text("bench.starved", "Percent", int(100*r.Generator.Waited)))
	}
	if r.Traffic != nil && r.Load.Stalled > 0 {
		notes = append(notes, texts.Text("bench.stalled_closed", "Closed", r.Traffic.Closed, "Stalled", r.Load.Stalled))
	}
	if r.Churn != nil && r.Churn.Failed > 0 {
		notes = append(notes, texts.Count("bench.join_failed", int(r.Churn.Failed), "Reason", r.Churn.Reason))
	}
	return notes
}

// rows are the table's; an empty one separates two groups.
func (r *Report) rows(texts *locale.Texts, before *Report) (rows [][]string) {
	s := styleOf(texts.Language())
	if before != nil {
		rows = append(rows, []string{"", texts.Text("bench.before"), texts.Text("bench.now"), texts.Text("bench.ratio")})
	}
	group := 0
	for _, m := range metrics() {
		value, measured := m.value(r)
		if !measured {
			continue
		}
		if m.group != group && len(rows) > 0 {
			rows = append(rows, nil)
		}
		group = m.group
		row := []string{texts.Text(m.textID())}
		if before != nil {
			row = append(row, s.compared(m, before)...)
		}
		row = append(row, s.figure(m.kind, value))
		if before != nil {
			row = append(row, s.ratio(m, value, before))
		}
		rows = append(rows, row)
	}
	return rows
}

// none stands where there is no figure.
const none = "–"

func (s style) compared(m metric, before *Report) []string {
	old, measured := m.value(before)
	if !measured {
		return []string{none}
	}
	return []string{s.figure(m.kind, old)}
}

// ratio is how many times the old value the new one is, where that means something.
func (s style) ratio(m metric, value float64, before *Report) string {
	old, measured := m.value(before)
	if !measured || old <= 0 || value < 0 {
		return none
	}
	return "×" + s.significant(value/old)
}

// layOut writes rows with the first column to the left and the others to the right.
func layOut(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString("  " + cell + pad)
			} else {
				line.WriteString("   " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// Text says what failed.
func (f Failure) Text(texts *locale.Texts) string {
	m, _ := findMetric(f.Condition.Metric) // it was known when the condition was read
	if !f.Measured {
		return texts.Text("bench.failed_unmeasured", "Condition", f.Condition.String())
	}
	return texts.Text("bench.failed", "Condition", f.Condition.String(), "Value", styleOf(texts.Language()).figure(m.kind, f.Value))
}
