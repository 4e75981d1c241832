package recado

import (
	"fmt"
	"strconv"
	"strings"
)

// A Position is a place in the order of messages: everything up to and including Seq has been seen.
// Seq values are comparable only within one epoch.
type Position struct {
	Epoch string // lower-case letters and digits; another one means that history was lost
	Seq   uint64
}

// ParsePosition reads what String wrote.
func ParsePosition(s string) (Position, error) {
	epoch, digits, found := strings.Cut(s, ".")
	if !found || epoch == "" || strings.Trim(epoch, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return Position{}, fmt.Errorf("%q is not a position like k3f9.41", s)
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || strconv.FormatUint(seq, 10) != digits {
		return Position{}, fmt.Errorf("%q is not a position like k3f9.41", s)
	}
	return Position{Epoch: epoch, Seq: seq}, nil
}

// String returns the position as clients see it: "epoch.seq".
func (p Position) String() string {
	return p.Epoch + "." + strconv.FormatUint(p.Seq, 10)
}
