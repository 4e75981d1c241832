package main

import (
	"strings"

	"recado"
)

// A policyValue is policies separated by spaces, or repeated as a flag: one for all rooms, such as drop-oldest, or
// one for those whose names match a pattern, such as ticker-*=drop-oldest. The first that matches counts.
type policyValue struct{ to *[]recado.RoomPolicy }

func (v policyValue) Set(s string) error {
	for entry := range strings.FieldsSeq(s) {
		if err := v.Append(entry); err != nil {
			return err
		}
	}
	return nil
}

// Append adds one policy.
func (v policyValue) Append(entry string) error {
	pattern, name := allRooms, entry
	if i := strings.LastIndexByte(entry, '='); i >= 0 { // a room's name may have one, too
		pattern, name = entry[:i], entry[i+1:]
	}
	policy, known := parsePolicy(name)
	if recado.CheckPattern(pattern) != nil || !known {
		return want("policy")
	}
	*v.to = append(*v.to, recado.RoomPolicy{Pattern: pattern, Policy: policy})
	return nil
}

// Replace puts the policies in the place of all.
func (v policyValue) Replace(entries []string) error { return replace(v, v.to, entries) }

// GetSlice returns the policies as Append takes them.
func (v policyValue) GetSlice() []string {
	var entries []string
	for _, p := range *v.to {
		entry := p.Policy.String()
		if p.Pattern != allRooms {
			entry = p.Pattern + "=" + entry
		}
		entries = append(entries, entry)
	}
	return entries
}

func (v policyValue) String() string { return strings.Join(v.GetSlice(), " ") }
func (v policyValue) Type() string   { return "policy" }

// allRooms is the pattern that every name matches.
const allRooms = "*"

func parsePolicy(name string) (p recado.QueuePolicy, known bool) {
	for _, p := range []recado.QueuePolicy{recado.Disconnect, recado.DropOldest} {
		if name == p.String() {
			return p, true
		}
	}
	return 0, false
}
