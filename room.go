package recado

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lobby is the room of the path "/".
const Lobby = "lobby"

// maxRoomName is in bytes.
const maxRoomName = 128

// CheckRoom reports why name cannot be a room's name; the error wraps ErrRoomName.
// A name is 1 to 128 bytes of letters, marks, digits and -_.~=@,;:! that does not start with a dot and is
// not one of the system's own segments. It must already be in Unicode normalization form C.
func CheckRoom(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrRoomName)
	case len(name) > maxRoomName:
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrRoomName, len(name), maxRoomName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: it is not valid UTF-8", ErrRoomName)
	case name[0] == '.':
		return fmt.Errorf("%w: it starts with a dot", ErrRoomName)
	case ReservedSegment(name):
		return fmt.Errorf("%w: %q is reserved", ErrRoomName, name)
	}
	for _, r := range name {
		if !roomRune(r) {
			return fmt.Errorf("%w: %q is not allowed in it", ErrRoomName, r)
		}
	}
	return nil
}

// ReservedSegment reports whether a path of this one segment is the system's and never a room.
func ReservedSegment(name string) bool {
	return slices.Contains([]string{"healthz", "readyz", "metrics", "v1", "assets", "favicon.ico", "robots.txt"}, name)
}

func roomRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.~=@,;:!", r)
}
