package report

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"io"
	"time"

	"recado/internal/locale"
)

// The page has everything in itself: it can be kept, mailed, and opened from the disk. The plots are drawn by uPlot,
// whose licence goes where it goes.
var (
	//go:embed page/page.html
	pageText string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
	//go:embed third_party/uplot/uPlot.iife.min.js
	plotScript string
	//go:embed third_party/uplot/LICENSE
	plotLicence string
	//go:embed third_party/uplot/uPlot.min.css
	plotStyle string
)

type (
	// A page is what page.html is filled in with.
	page struct {
		Language, Target, Summary string
		Compared, Notes           []string
		Tiles                     []tile
		Plots                     []plot
		AllFigures                string
		Head                      []string
		Groups                    [][][]string
		Machine, Program, Time    string
		Data                      template.JS
		PlotScript, Script        template.JS
		PlotStyle, Style          template.CSS
	}
	// A tile is one of the figures that are shown large.
	tile struct{ Label, Value, Remark, Mood string }
	plot struct{ ID, Title, About string }
	// plotData is what page.js draws from.
	plotData struct {
		Language     string            `json:"language"`
		Words        map[string]string `json:"words"`
		Timeline     []Sample          `json:"timeline"`
		Distribution []Point           `json:"distribution"`
		Before       *beforeData       `json:"before,omitempty"`
	}
	beforeData struct {
		Distribution []Point `json:"distribution"`
	}
)

// WritePage writes the report as a page of HTML that needs no other file; before is as in Print.
func (r *Report) WritePage(to io.Writer, texts *locale.Texts, before *Report) error {
	form, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	p := &page{
		Language: string(texts.Language()), Target: r.Target, Summary: r.Summary(texts),
		Compared: r.comparison(texts, before), Notes: r.Notes(texts), Tiles: r.tiles(texts, before), AllFigures: texts.Text("bench.page.all"),
		Machine: r.Machine, Program: r.Program, Time: r.Time.Format(time.RFC3339),
		PlotScript: template.JS("/*!\n" + plotLicence + "*/\n" + plotScript), Script: template.JS(pageScript),
		PlotStyle: template.CSS(plotStyle), Style: template.CSS(pageStyle),
	}
	if r.Traffic != nil {
		p.Plots = []plot{
			{"distribution", texts.Text("bench.page.distribution"), texts.Text("bench.page.distribution.about")},
			{"throughput", texts.Text("bench.page.throughput"), texts.Text("bench.page.throughput.about")},
			{"latency", texts.Text("bench.page.latency"), texts.Text("bench.page.latency.about")},
		}
	}
	rows := r.rows(texts, before)
	if before != nil {
		p.Head, rows = rows[0], rows[1:]
	}
	p.Groups = groups(rows)
	data, err := json.Marshal(r.plotData(texts, before)) // which escapes < and >, so that no script can be ended
	if err != nil {
		return err
	}
	p.Data = template.JS(data)
	return form.Execute(to, p)
}

func (r *Report) plotData(texts *locale.Texts, before *Report) plotData {
	d := plotData{
		Language: string(texts.Language()),
		Words: map[string]string{
			"now": texts.Text("bench.now"), "before": texts.Text("bench.before"),
			"time": texts.Text("bench.page.time"), "percentile": texts.Text("bench.page.percentile"),
			"deliveries": texts.Text("bench.metric.deliveries"), "max": texts.Text("bench.page.max"),
		},
	}
	if r.Traffic != nil {
		d.Timeline, d.Distribution = r.Traffic.Timeline, r.Traffic.Distribution
		if before != nil && before.Traffic != nil {
			d.Before = &beforeData{before.Traffic.Distribution}
		}
	}
	return d
}

// tiles are the figures that one looks for first.
func (r *Report) tiles(texts *locale.Texts, before *Report) (tiles []tile) {
	s := styleOf(texts.Language())
	for _, name := range []string{"deliveries", "p50", "p99", "cpu", "memory", "connect"} {
		m, _ := findMetric(name)
		value, measured := m.value(r)
		if !measured || name == "connect" && r.Traffic != nil {
			continue
		}
		t := tile{Label: texts.Text(m.textID()), Value: s.figure(m.kind, value)}
		if before != nil {
			if ratio := s.ratio(m, value, before); ratio != none {
				t.Remark = texts.Text("bench.page.ratio", "Ratio", ratio)
			}
		}
		tiles = append(tiles, t)
	}
	if t := r.Traffic; t != nil {
		faults := t.Lost + t.Duplicated + t.OutOfOrder + t.Echoed + t.Foreign
		mood := "good"
		if faults > 0 {
			mood = "bad"
		}
		tiles = append(tiles, tile{
			Label: texts.Text("bench.page.faults"), Value: s.number(float64(faults)),
			Remark: texts.Text("bench.page.faults.of", "Deliveries", s.number(float64(t.Deliveries))), Mood: mood,
		})
	}
	return tiles
}

// groups cuts rows at the empty ones.
func groups(rows [][]string) (groups [][][]string) {
	var group [][]string
	for _, row := range append(rows, nil) {
		if row != nil {
			group = append(group, row)
		} else if group != nil {
			groups, group = append(groups, group), nil
		}
	}
	return groups
}
