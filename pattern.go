package recado

import (
	"errors"
	"path"
	"strings"
)

// CheckPattern reports why the text cannot be a pattern of room names, in which * stands for any characters and ? for
// one. No name has the characters that it refuses, so they could only mean something that nobody has said.
func CheckPattern(pattern string) error {
	switch {
	case pattern == "":
		return errors.New("a pattern is empty")
	case strings.ContainsAny(pattern, `[]\/`):
		return errors.New(`a pattern has one of [ ] \ /`)
	}
	return nil
}

// matches reports whether the room's name matches the pattern.
func matches(pattern, room string) bool {
	matched, err := path.Match(pattern, room)
	return matched && err == nil
}
