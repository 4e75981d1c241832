package main

import (
	"path"
	"strings"

	"recado"
)

// A policyValue is policies separated by spaces, or repeated as a flag: one for all rooms, such as drop-oldest, or
// one for those whose names match a pattern, such as ticker-*=drop-oldest. The first that matches counts.
type policyValue struct{ to *[]recado.RoomPolicy }

func (v policyValue) Set(s string) error {
	for entry := range strings.FieldsSeq(s) {
		pattern, name := "*", entry
		if i := strings.LastIndexByte(entry, '='); i >= 0 { // a room's name may have one, too
			pattern, name = entry[:i], entry[i+1:]
		}
		policy := recado.Disconnect
		if name == recado.DropOldest.String() {
			policy = recado.DropOldest
		}
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || name != policy.String() {
			return want("policy")
		}
		*v.to = append(*v.to, recado.RoomPolicy{Pattern: pattern, Policy: policy})
	}
	return nil
}

func (v policyValue) String() string { return "" }
func (v policyValue) Type() string   { return "policy" }
