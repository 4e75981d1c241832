package recado

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is how long the name of a member can be, in characters.
const MaxName = 32

// CleanName returns the name as it is shown: spaces at its ends and repeated ones are dropped, as are characters
// that cannot be seen or that change how the text around them is read. The error wraps ErrName: nothing
// is left, it is longer than MaxName, or not valid UTF-8.
func CleanName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: it is not valid UTF-8", ErrName)
	}
	name = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsGraphic(r) && !invisible(r) {
			return r
		}
		return -1
	}, name)), " ")
	if n := utf8.RuneCountInString(name); n > MaxName {
		return "", fmt.Errorf("%w: %d characters, the limit is %d", ErrName, n, MaxName)
	}
	if strings.IndexFunc(name, func(r rune) bool { return !unicode.IsMark(r) && r != ' ' }) < 0 {
		return "", fmt.Errorf("%w: nothing of it can be seen", ErrName)
	}
	return strings.Clone(name), nil // it may be a small part of what was given, which is not to be kept with it
}

// invisible tells the characters that IsGraphic takes for visible: fillers, blank patterns and variation selectors.
func invisible(r rune) bool {
	switch {
	case r == 0x034f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x2800, r == 0x3164, r == 0xffa0,
		r >= 0x180b && r <= 0x180f, r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef:
		return true
	}
	return false
}
