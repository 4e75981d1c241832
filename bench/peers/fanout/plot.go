//go:build linux

package main

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The plot's place in the picture, in pixels. Right of it stand the names.
const (
	plotWidth, plotHeight = 860, 480
	plotLeft, plotRight   = 70, 640
	plotTop, plotBottom   = 70, 420
	labelGap              = 18 // between two names
)

// A plot draws the processor time of a delivery over something else, both logarithmic.
type plot struct {
	over   string   // the name of the axis
	under  string   // the title: what was measured
	at     []int    // the places on the axis
	series []series // the first stands out

	to          strings.Builder
	least, most float64 // decades
}

// A series is the processor times that were measured at each place, sorted.
type series struct {
	name   string
	values func(at int) []float64
}

// A curve is what one server has.
type curve struct {
	server string
	number int // of its colour
	points []point
	label  float64 // y of its name
}

type point struct{ x, y, least, most, value float64 }

// plot draws the fan-out over the messages in flight.
func (r *report) plot() string {
	p := &plot{
		over:  "messages in flight",
		under: fmt.Sprintf("%s members, %d bytes", number(float64(r.Clients)), r.Size),
		at:    slices.Sorted(slices.Values(r.InFlight)),
	}
	for _, server := range r.Servers {
		p.series = append(p.series, series{server, func(n int) []float64 {
			values, _ := r.values(server, n, serverMicros)
			return values
		}})
	}
	return p.draw()
}

// draw returns a self-contained SVG.
func (p *plot) draw() string {
	p.least, p.most = math.Inf(1), math.Inf(-1)
	for _, s := range p.series {
		for _, n := range p.at {
			for _, v := range s.values(n) {
				if v > 0 {
					p.least, p.most = min(p.least, math.Floor(math.Log10(v))), max(p.most, math.Ceil(math.Log10(v)))
				}
			}
		}
	}
	if p.least >= p.most { // nothing, or one power of ten
		p.least, p.most = 0, 1
	}
	var curves []*curve
	for i, s := range p.series {
		c := &curve{server: s.name, number: i}
		for _, n := range p.at {
			if values := s.values(n); len(values) > 0 && values[0] > 0 {
				m := median(values)
				c.points = append(c.points, point{p.x(n), p.y(m), p.y(values[0]), p.y(values[len(values)-1]), m})
			}
		}
		if len(c.points) > 0 {
			curves = append(curves, c)
		}
	}
	p.open()
	p.axes()
	for _, c := range slices.Backward(curves) { // the first lies on top
		p.curve(c)
	}
	placeLabels(curves)
	for _, c := range curves {
		p.name(c)
	}
	p.line(`</svg>`)
	return p.to.String()
}

func (p *plot) line(format string, a ...any) {
	fmt.Fprintf(&p.to, format+"\n", a...)
}

// x spreads powers of two evenly.
func (p *plot) x(at int) float64 {
	from, to := math.Log2(float64(p.at[0])), math.Log2(float64(p.at[len(p.at)-1]))
	if from == to {
		return (plotLeft + plotRight) / 2
	}
	return plotLeft + 20 + (plotRight-plotLeft-40)*(math.Log2(float64(at))-from)/(to-from)
}

func (p *plot) y(micros float64) float64 {
	return plotBottom - (plotBottom-plotTop)*(math.Log10(micros)-p.least)/(p.most-p.least)
}

// The colours are told apart by most of those who see few colours; the names stand beside the lines all the same.
const plotStyle = `<style>
text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.back { fill: #ffffff } .title { font-size: 16px; font-weight: 600 } .soft { fill: #59636e }
.grid { stroke: #d1d9e0 } .fine { stroke: #eff2f5 } .lead { stroke: #818b98 }
.line, .range { stroke-width: 2; stroke-linejoin: round } .range { opacity: .5 } path.line { fill: none }
.first .line { stroke-width: 4 } .first text { font-weight: 700 }
.c0 { stroke: #0969da; fill: #0969da } .c1 { stroke: #bc4c00; fill: #bc4c00 } .c2 { stroke: #1a7f37; fill: #1a7f37 }
.c3 { stroke: #8250df; fill: #8250df } .c4 { stroke: #9a6700; fill: #9a6700 } .c5 { stroke: #cf222e; fill: #cf222e }
.c6 { stroke: #0e7c86; fill: #0e7c86 } .c7 { stroke: #59636e; fill: #59636e }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .back { fill: #0d1117 } .soft { fill: #9198a1 }
.grid { stroke: #3d444d } .fine { stroke: #1c2128 } .lead { stroke: #656c76 }
.c0 { stroke: #58a6ff; fill: #58a6ff } .c1 { stroke: #f0883e; fill: #f0883e } .c2 { stroke: #3fb950; fill: #3fb950 }
.c3 { stroke: #bc8cff; fill: #bc8cff } .c4 { stroke: #d29922; fill: #d29922 } .c5 { stroke: #ff7b72; fill: #ff7b72 }
.c6 { stroke: #39c5cf; fill: #39c5cf } .c7 { stroke: #9198a1; fill: #9198a1 }
}
</style>`

// colours is how many plotStyle has.
const colours = 8

func (p *plot) open() {
	var names []string
	for _, s := range p.series {
		names = append(names, s.name)
	}
	p.line(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="t d">`, plotWidth, plotHeight)
	p.line(`<title id="t">Server CPU per delivery over %s</title>`, p.over)
	p.line(`<desc id="d">One line for each of %s; the tables beside the picture have the figures.</desc>`, html.EscapeString(strings.Join(names, ", ")))
	p.line("%s", plotStyle)
	p.line(`<rect class="back" width="100%%" height="100%%"/>`)
	p.line(`<text class="title" x="20" y="30">Server CPU per delivery, µs</text>`)
	p.line(`<text class="soft" x="20" y="50">%s, one core; lower is better, both axes are logarithmic</text>`, p.under)
}

func (p *plot) axes() {
	for decade := p.least; decade <= p.most; decade++ {
		at := math.Pow(10, decade)
		p.line(`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1[3]f"/>`, plotLeft, plotRight, p.y(at))
		p.line(`<text class="soft" x="%d" y="%.1f" text-anchor="end">%s</text>`, plotLeft-10, p.y(at)+4, number(at))
		for n := 2.0; n < 10 && decade < p.most; n++ {
			p.line(`<line class="fine" x1="%d" x2="%d" y1="%.1f" y2="%.1[3]f"/>`, plotLeft, plotRight, p.y(n*at))
		}
	}
	for _, n := range p.at {
		p.line(`<text class="soft" x="%.1f" y="%d" text-anchor="middle">%s</text>`, p.x(n), plotBottom+22, grouped(int64(n)))
	}
	p.line(`<text class="soft" x="%d" y="%d" text-anchor="middle">%s</text>`, (plotLeft+plotRight)/2, plotBottom+44, p.over)
}

// class lets the first server stand out: it is the one that the others stand beside.
func (c *curve) class() string {
	if c.number == 0 {
		return ` class="first"`
	}
	return ""
}

// curve has a bar from the least to the most at each point.
func (p *plot) curve(c *curve) {
	colour := c.number % colours
	p.line(`<g%s>`, c.class())
	var path strings.Builder
	for i, at := range c.points {
		fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], at.x, at.y)
		p.line(`<line class="range c%d" x1="%.1f" x2="%.1[2]f" y1="%.1f" y2="%.1f"/>`, colour, at.x, at.least, at.most)
		p.line(`<circle class="c%d" cx="%.1f" cy="%.1f" r="4"/>`, colour, at.x, at.y)
	}
	p.line(`<path class="line c%d" d="%s"/>`, colour, path.String())
	p.line(`</g>`)
}

// placeLabels puts each name at the height of its line's end, or as near as the others let it.
func placeLabels(curves []*curve) {
	byHeight := slices.Clone(curves)
	slices.SortStableFunc(byHeight, func(a, b *curve) int {
		return cmp.Compare(a.end().y, b.end().y)
	})
	for i, c := range byHeight {
		c.label = c.end().y
		if i > 0 {
			c.label = max(c.label, byHeight[i-1].label+labelGap)
		}
	}
	lowest := float64(plotBottom)
	for _, c := range slices.Backward(byHeight) {
		c.label = min(c.label, lowest)
		lowest = c.label - labelGap
	}
}

func (c *curve) end() point {
	return c.points[len(c.points)-1]
}

func (p *plot) name(c *curve) {
	end := c.end()
	p.line(`<g%s><line class="lead" x1="%.1f" y1="%.1f" x2="%d" y2="%.1f"/>`, c.class(), end.x+6, end.y, plotRight+22, c.label)
	p.line(`<circle class="c%d" cx="%d" cy="%.1f" r="4"/>`, c.number%colours, plotRight+28, c.label)
	p.line(`<text x="%d" y="%.1f">%s  %s</text></g>`, plotRight+38, c.label+4, html.EscapeString(c.server), number(end.value))
}
