package storm_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"
)

// plot draws each figure over the time, one below the other.
func plot(samples []sample, length time.Duration) []byte {
	const width, height, left, gap = 900, 130, 90, 50
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+
		`<rect width="100%%" height="100%%" fill="white"/>`+"\n", width+left+gap, len(figures())*(height+gap)+gap)
	for i, f := range figures() {
		values := f.of(samples)
		if len(values) < 2 {
			continue
		}
		top, most := gap+i*(height+gap), max(slices.Max(values), 1)
		fmt.Fprintf(&svg, `<text x="%d" y="%d" font-weight="bold">%s</text><text x="%d" y="%d" text-anchor="end">%.4g</text>`+
			`<text x="%d" y="%d" text-anchor="end">0</text><path d="M%d %dv%dh%d" fill="none" stroke="#999"/>`+"\n",
			left, top-8, f.name, left-6, top+8, most, left-6, top+height, left, top, height, width)
		fmt.Fprintf(&svg, `<polyline fill="none" stroke="#06c" points="`)
		for n, value := range values {
			fmt.Fprintf(&svg, "%.1f,%.1f ", left+width*float64(n)/float64(len(values)-1), float64(top)+height*(1-value/most))
		}
		fmt.Fprintf(&svg, `"/>`+"\n")
	}
	fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="end">%v</text></svg>`+"\n", left+width, len(figures())*(height+gap)+gap-14, length)
	return svg.Bytes()
}

func TestSteady(t *testing.T) {
	for name, tt := range map[string]struct {
		values      []float64
		early, late float64
	}{
		"flat after the start": {[]float64{1, 5, 9, 9, 9, 9, 9, 9, 9}, 9, 9},
		"one peak":             {[]float64{1, 5, 9, 9, 9, 9, 9, 90, 9}, 9, 9},
		"growing":              {[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 5, 8},
		"nothing":              {nil, 0, 0},
	} {
		if early, late := steady(tt.values); early != tt.early || late != tt.late {
			t.Errorf("%s: steady = %v, %v, want %v, %v", name, early, late, tt.early, tt.late)
		}
	}
}
