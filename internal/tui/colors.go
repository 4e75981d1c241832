package tui

import (
	"fmt"
	"hash/fnv"
	"image/color"
	"math"
	"strings"

	"charm.land/lipgloss/v2"
)

// A background is what is known of the terminal's.
type background int

const (
	unknownBackground background = iota
	darkBackground
	lightBackground
)

// luminance is how bright a text must be to be read on such a background: at least 4.5:1 on everything that is
// called dark, or light. The value for the unknown one is about as far from black as from white.
func (b background) luminance() float64 {
	switch b {
	case darkBackground:
		return 0.42
	case lightBackground:
		return 0.11
	}
	return 0.18
}

// lineLuminance is how bright the lines between the texts are: they step back.
func (b background) lineLuminance() float64 {
	switch b {
	case darkBackground:
		return 0.1
	case lightBackground:
		return 0.42
	}
	return b.luminance()
}

// vivid is the saturation of people's colours.
const vivid = 0.9

// hues are those of people, in degrees: far enough from each other to be told apart.
func hues() []float64 { return []float64{4, 32, 52, 95, 150, 178, 205, 230, 265, 292, 325, 345} }

// styles are how the parts of the screen look.
type styles struct {
	line, faint, strong, accent, good, warn, bad lipgloss.Style

	people []lipgloss.Style
}

func newStyles(b background) *styles {
	plain := lipgloss.NewStyle()
	text := func(hue, saturation float64) lipgloss.Style {
		return plain.Foreground(tone(hue, saturation, b.luminance()))
	}
	s := &styles{
		line:  plain.Foreground(tone(220, 0.08, b.lineLuminance())),
		faint: text(220, 0.08), strong: plain.Bold(true), accent: text(205, 0.8).Bold(true),
		good: text(140, 0.6), warn: text(38, 0.9), bad: text(4, 0.85),
	}
	for _, hue := range hues() {
		s.people = append(s.people, text(hue, vivid).Bold(true))
	}
	return s
}

// person is the colour of a name: that of the page for the same name.
func (s *styles) person(name string) lipgloss.Style {
	hash := fnv.New32a()
	hash.Write([]byte(strings.ToLower(name)))
	sum := hash.Sum32()
	return s.people[(sum^sum>>15)%uint32(len(s.people))]
}

// tone is the colour of this hue with this relative luminance (WCAG 2).
func tone(hue, saturation, luminance float64) color.Color {
	low, high := 0.0, 1.0
	for range 20 {
		if middle := (low + high) / 2; brightness(hsl(hue, saturation, middle)) < luminance {
			low = middle
		} else {
			high = middle
		}
	}
	r, g, b := hsl(hue, saturation, low)
	return lipgloss.Color(fmt.Sprintf("#%02x%02x%02x", byteOf(r), byteOf(g), byteOf(b)))
}

func byteOf(channel float64) int { return int(math.Round(255 * channel)) }

func hsl(hue, saturation, lightness float64) (r, g, b float64) {
	reach := saturation * min(lightness, 1-lightness)
	channel := func(n float64) float64 {
		k := math.Mod(n+hue/30, 12)
		return lightness - reach*max(-1, min(k-3, 9-k, 1))
	}
	return channel(0), channel(8), channel(4)
}

func brightness(r, g, b float64) float64 {
	linear := func(c float64) float64 {
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
