package report

import (
	"testing"

	"recado/internal/locale"
)

func TestFigure(t *testing.T) {
	for _, tt := range []struct {
		kind   kind
		value  float64
		en, pt string
	}{
		{count, 0, "0", "0"},
		{count, 12, "12", "12"},
		{count, 1234567, "1,234,567", "1.234.567"},
		{rate, 0.5, "0.500/s", "0,500/s"},
		{rate, 99.95, "100/s", "100/s"},
		{rate, 999.6, "1,000/s", "1.000/s"},
		{duration, 0, "0 ns", "0 ns"},
		{duration, 459, "459 ns", "459 ns"},
		{duration, 999.9, "1.00 µs", "1,00 µs"},
		{duration, 12_345, "12.3 µs", "12,3 µs"},
		{duration, 1.5e9, "1.50 s", "1,50 s"},
		{duration, 1.5e12, "1500 s", "1500 s"},
		{size, 4612.4, "4,612 B", "4.612 B"},
		{size, -45, "-45 B", "-45 B"},
		{size, -4500, "-4,500 B", "-4.500 B"},
	} {
		if got := styleOf(locale.English).figure(tt.kind, tt.value); got != tt.en {
			t.Errorf("figure(%d, %v) = %q in English, want %q", tt.kind, tt.value, got, tt.en)
		}
		if got := styleOf(locale.Portuguese).figure(tt.kind, tt.value); got != tt.pt {
			t.Errorf("figure(%d, %v) = %q in Portuguese, want %q", tt.kind, tt.value, got, tt.pt)
		}
	}
}

// Each figure has a name for people.
func TestMetricTexts(t *testing.T) {
	texts := locale.New(locale.English)
	for _, m := range metrics() {
		if texts.Text(m.textID()) == m.textID() {
			t.Errorf("%s has no text %s", m.name, m.textID())
		}
	}
}
