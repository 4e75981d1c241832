package main

import (
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/lmittmann/tint"
)

const (
	textFormat = "text"
	jsonFormat = "json"
)

// newLogger writes to w: coloured for a person, if color says so, else one record a line for programs.
func newLogger(w io.Writer, format string, level slog.Leveler, terminal, color bool) *slog.Logger {
	switch {
	case format == jsonFormat:
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: visibleAttr(visibleInJSON)}))
	case !terminal:
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})) // it escapes all that is not printable
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{
		Level: level, TimeFormat: time.TimeOnly, NoColor: !color, ReplaceAttr: visibleAttr(visible),
	}))
}

// visibleAttr keeps what strangers send from steering the terminal on which the log is read: tint passes
// escape sequences on, and JSON may have those controls that are outside of ASCII.
func visibleAttr(replace func(rune) rune) func(groups []string, a slog.Attr) slog.Attr {
	return func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.LevelKey || a.Key == slog.TimeKey) {
			return a
		}
		if kind := a.Value.Kind(); kind == slog.KindString || kind == slog.KindAny {
			a.Value = slog.StringValue(strings.Map(replace, a.Value.String()))
		}
		return a
	}
}

// visible replaces control characters by their pictures, and other characters that cannot be seen, such as
// those that reverse the direction of writing, by U+FFFD.
func visible(r rune) rune {
	switch {
	case r < 0x20:
		return '\u2400' + r
	case r == 0x7f:
		return '\u2421'
	case !unicode.IsPrint(r):
		return unicode.ReplacementChar
	}
	return r
}

// visibleInJSON leaves what JSON escapes.
func visibleInJSON(r rune) rune {
	if r < 0x20 {
		return r
	}
	return visible(r)
}
