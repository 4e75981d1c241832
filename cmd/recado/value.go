package main

import (
	"cmp"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"recado"
	"recado/internal/auth"

	"github.com/spf13/pflag"
)

// What zero means in a setting whose zero field means the default.
const (
	atLeastOne = false
	canBeOff   = true
)

// anySize is for sizes without a maximum of their own.
const anySize = math.MaxInt32

const (
	switchType   = "bool" // the one that pflag shows without a value
	countType    = "count"
	sizeType     = "size"
	durationType = "duration"
	fileType     = "file"
)

// A valueError says what a value should have been: the text "value.<id>".
type valueError struct {
	id    string
	facts []any
}

func (e *valueError) Error() string { return strings.TrimSpace("want " + e.id) }

func want(id string, facts ...any) error { return &valueError{id, facts} }

// The types below implement pflag.Value over a variable of the configuration. String is what Set takes, or "" for a
// variable that is not set.

type countValue struct {
	to  *int
	off bool // 0 switches it off
}

func (v countValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 32)
	switch {
	case err == nil && n == 0 && v.off:
		*v.to = recado.Off
	case err == nil && n > 0:
		*v.to = int(n)
	case v.off:
		return want("count_or_off")
	default:
		return want("count")
	}
	return nil
}

func (v countValue) String() string { return textOf(*v.to, formatCount) }
func (v countValue) Type() string   { return countType }

// textOf writes a number that zero does not set, and recado.Off switches off.
func textOf[T int | time.Duration](n T, format func(T) string) string {
	switch n {
	case 0:
		return ""
	case recado.Off:
		return "0"
	}
	return format(n)
}

func formatCount(n int) string { return strconv.Itoa(n) }

type sizeValue struct {
	to  *int
	max int
}

func (v sizeValue) Set(s string) error {
	n, err := parseSize(s)
	if err != nil || n < 1 {
		return want("size")
	}
	if n > int64(v.max) {
		return want("size_at_most", "Max", formatSize(v.max))
	}
	*v.to = int(n)
	return nil
}

func (v sizeValue) String() string { return textOf(*v.to, formatSize) }
func (v sizeValue) Type() string   { return sizeType }

// parseSize reads a number of bytes: plain, or with a unit, binary or decimal.
func parseSize(s string) (int64, error) {
	units := map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}
	digits := strings.TrimRight(s, "BKMGibkmg")
	unit, known := units[strings.ToLower(s[len(digits):])]
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32) // the largest times the largest fits 64 bits
	if err != nil || !known {
		return 0, cmp.Or(err, strconv.ErrSyntax)
	}
	return n * unit, nil
}

// formatSize writes what parseSize reads, in the largest unit that leaves no fraction.
func formatSize(n int) string {
	unit := 0
	for n >= 1024 && n%1024 == 0 && unit < 3 {
		n /= 1024
		unit++
	}
	return strconv.Itoa(n) + []string{"", "KiB", "MiB", "GiB"}[unit]
}

type durationValue struct {
	to  *time.Duration
	off bool // 0 switches it off
}

func (v durationValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	switch {
	case err == nil && d == 0 && v.off:
		*v.to = recado.Off
	case err == nil && d >= time.Millisecond:
		*v.to = d
	case v.off:
		return want("duration_or_off")
	default:
		return want("duration")
	}
	return nil
}

func (v durationValue) String() string { return textOf(*v.to, formatDuration) }
func (v durationValue) Type() string   { return durationType }

// formatDuration leaves out the zeros of 1m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

type switchValue bool

func (v *switchValue) Set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return want("switch")
	}
	*v = switchValue(b)
	return nil
}

func (v *switchValue) String() string   { return strconv.FormatBool(bool(*v)) }
func (v *switchValue) Type() string     { return switchType }
func (v *switchValue) IsBoolFlag() bool { return true }

type levelValue slog.Level

func (v *levelValue) Set(s string) error {
	level, known := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}[s]
	if !known {
		return want("choice", "Choices", "debug, info, warn, error")
	}
	*v = levelValue(level)
	return nil
}

func (v *levelValue) String() string { return strings.ToLower(slog.Level(*v).String()) }
func (v *levelValue) Type() string   { return "level" }

type formatValue struct{ to *string }

func (v formatValue) Set(s string) error {
	if s != textFormat && s != jsonFormat {
		return want("choice", "Choices", textFormat+", "+jsonFormat)
	}
	*v.to = s
	return nil
}

func (v formatValue) String() string { return *v.to }
func (v formatValue) Type() string   { return "format" }

type addressValue struct {
	to       *string
	optional bool // "" is a value
}

func (v addressValue) Set(s string) error {
	_, port, err := net.SplitHostPort(s)
	if number, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strconv.FormatUint(number, 10) != port {
		if s != "" || !v.optional {
			return want("address")
		}
	}
	*v.to = s
	return nil
}

func (v addressValue) String() string { return *v.to }
func (v addressValue) Type() string   { return "address" }

// A listValue is separated by commas, or repeated as a flag.
type listValue struct {
	to    *[]string
	id    string
	check func(entry string) error
}

func newOrigins(to *[]string) listValue {
	return listValue{to, "origin", func(entry string) error {
		_, err := auth.New(auth.Config{AllowOrigins: []string{entry}})
		return err
	}}
}

func newHosts(to *[]string) listValue {
	return listValue{to, "host", func(entry string) error {
		_, err := auth.New(auth.Config{AllowHosts: []string{entry}})
		return err
	}}
}

// newDomains are names that an authority on the internet can give a certificate for.
func newDomains(to *[]string) listValue {
	return listValue{to, "domain", func(entry string) error {
		_, err := netip.ParseAddr(entry)
		if err == nil || !strings.Contains(strings.Trim(entry, "."), ".") {
			return want("domain")
		}
		return newHosts(nil).check(entry)
	}}
}

func newProxies(to *[]string) listValue {
	return listValue{to, "proxy", func(entry string) error {
		_, err := auth.New(auth.Config{TrustedProxies: []string{entry}})
		return err
	}}
}

func (v listValue) Set(s string) error {
	if s == "" {
		return nil
	}
	for entry := range strings.SplitSeq(s, ",") {
		if err := v.Append(strings.TrimSpace(entry)); err != nil {
			return err
		}
	}
	return nil
}

// Append adds one entry.
func (v listValue) Append(entry string) error {
	if v.check(entry) != nil {
		return want(v.id)
	}
	*v.to = append(*v.to, entry)
	return nil
}

// Replace puts the entries in the place of all.
func (v listValue) Replace(entries []string) error { return replace(v, v.to, entries) }

// GetSlice returns the entries.
func (v listValue) GetSlice() []string { return *v.to }

func (v listValue) String() string { return strings.Join(*v.to, ",") }
func (v listValue) Type() string   { return v.id }

// replace is Replace for a list whose Append adds to it.
func replace[T any](v pflag.SliceValue, to *[]T, entries []string) error {
	*to = nil
	for _, entry := range entries {
		if err := v.Append(entry); err != nil {
			return err
		}
	}
	return nil
}

func newFiles(to *[]string) listValue {
	return listValue{to, fileType, func(entry string) error { return fileValue{new(string)}.Set(entry) }}
}

// A fileValue is a path; "" is none.
type fileValue struct{ to *string }

func (v fileValue) Set(s string) error {
	if strings.ContainsRune(s, 0) {
		return want("file")
	}
	*v.to = s
	return nil
}

func (v fileValue) String() string { return *v.to }
func (v fileValue) Type() string   { return fileType }
