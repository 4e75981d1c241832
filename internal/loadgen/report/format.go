package report

import (
	"math"
	"strconv"
	"strings"

	"recado/internal/locale"
)

// A style is how a language writes numbers.
type style struct {
	thousands, point string
}

func styleOf(l locale.Language) style {
	if l == locale.Portuguese {
		return style{".", ","}
	}
	return style{",", "."}
}

// figure writes a value of the kind with its unit.
func (s style) figure(k kind, value float64) string {
	switch k {
	case rate:
		return s.number(value) + "/s"
	case duration:
		return s.duration(value)
	case size:
		return s.number(math.Round(value)) + " B"
	default:
		return s.number(value)
	}
}

// duration writes nanoseconds with three significant digits.
func (s style) duration(ns float64) string {
	for _, unit := range []struct {
		name string
		of   float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if math.Abs(ns) >= 0.9995*unit.of {
			return s.significant(ns/unit.of) + " " + unit.name
		}
	}
	return s.significant(ns) + " ns"
}

// number writes large ones without a fraction, and small ones with three significant digits.
func (s style) number(n float64) string {
	if math.Abs(n) < 100 && n != math.Trunc(n) {
		return s.significant(n)
	}
	digits := strconv.FormatFloat(math.Abs(n), 'f', 0, 64)
	var b strings.Builder
	if n <= -0.5 {
		b.WriteByte('-')
	}
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(s.thousands)
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// significant writes three digits that count, and all before the point.
func (s style) significant(n float64) string {
	if n == 0 || math.IsNaN(n) || math.IsInf(n, 0) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	digits := func() int { return int(math.Floor(math.Log10(math.Abs(n)))) + 1 }
	whole := digits()
	if scale := math.Pow10(3 - whole); whole < 3 {
		n = math.Round(n*scale) / scale // 9.999 has one digit more when rounded
		whole = digits()
	}
	text := strconv.FormatFloat(n, 'f', max(0, min(6, 3-whole)), 64)
	return strings.Replace(text, ".", s.point, 1)
}
