package main

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"recado"

	"github.com/spf13/pflag"
)

// maxSubject is in bytes, as for the tokens.
const maxSubject = 256

// A roomRule is one of the [[rooms]] of the configuration.
type roomRule struct {
	rule    recado.RoomRule
	at      string            // file:line
	origins map[string]string // as config has it
}

// settings is the table of what a rule can say. Only a file has rules: there are no flags and no variables.
func (r *roomRule) settings() []setting {
	l := &r.rule.Limits
	return []setting{
		{"rooms.name", patternValue{&r.rule.Pattern}, ""},
		{"rooms.publish", subjectsValue{&r.rule.Publishers}, ""},
		{"rooms.anonymous", rightsValue{&r.rule.Anonymous}, ""},
		{"rooms.message_size", sizeValue{&l.MessageSize, recado.MaxMessageSize}, ""},
		{"rooms.message_rate", countValue{&l.MessageRate, canBeOff}, ""},
		{"rooms.message_burst", countValue{&l.MessageBurst, atLeastOne}, ""},
		{"rooms.queue_policy", onePolicyValue{&l.QueuePolicies}, ""},
		{"rooms.history_messages", countValue{&l.HistoryMessages, canBeOff}, ""},
		{"rooms.history_age", durationValue{&l.HistoryAge, canBeOff}, ""},
		{"rooms.history_bytes", sizeValue{&l.HistoryBytes, anySize}, ""},
	}
}

// rule is the one that an entry of the file belongs to.
func (c *config) rule(e entry) *roomRule {
	for len(c.rooms) < e.room {
		c.rooms = append(c.rooms, &roomRule{at: e.line(), origins: map[string]string{}})
	}
	return c.rooms[e.room-1]
}

// checkRooms finds rules that make no sense, by themselves or beside the others.
func (c *config) checkRooms() (problems []error) {
	tokens := c.access
	tokens.passwordFile = ""
	for i, r := range c.rooms {
		say := func(id string, facts ...any) {
			problems = append(problems, trouble(exitConfig, id, append([]any{"Source", r.at}, facts...)...))
		}
		same := func(other *roomRule) bool {
			return other.rule.Pattern == r.rule.Pattern || other.rule.Pattern == allRooms
		}
		before := slices.IndexFunc(c.rooms[:i], same)
		switch {
		case r.rule.Pattern == "":
			say("room_unnamed")
			continue
		case before >= 0:
			say("room_unreachable", "Name", r.rule.Pattern, "Other", c.rooms[before].at)
		}
		if there := c.limits.RoomRules[i].All(); tooSmall(there) && !tooSmall(&c.limits) {
			say("room_history_too_small", "Message", formatSize(there.MessageSize), "History", formatSize(there.HistoryBytes))
		}
		switch said := r.origins; {
		case said["rooms.publish"] != "" && !tokens.closed():
			say("room_needs_tokens", "Key", "publish")
		case said["rooms.anonymous"] != "" && !c.access.closed():
			say("room_needs_tokens", "Key", "anonymous")
		case r.rule.Publishers != nil && r.rule.Anonymous.Has(recado.MayPublish):
			say("room_contradiction")
		}
	}
	return problems
}

// A patternValue is what the names of rooms are like.
type patternValue struct{ to *string }

func (v patternValue) Set(s string) error {
	if recado.CheckPattern(s) != nil {
		return want("pattern")
	}
	*v.to = s
	return nil
}

func (v patternValue) String() string { return *v.to }
func (v patternValue) Type() string   { return "pattern" }

// A subjectsValue is whom tokens are for. No list at all is not an empty one.
type subjectsValue struct{ to *[]string }

var _ pflag.SliceValue = subjectsValue{}

func (v subjectsValue) Set(s string) error { return v.Replace(strings.Split(s, ",")) }

// Append adds a subject.
func (v subjectsValue) Append(s string) error {
	if s == "" || len(s) > maxSubject || strings.ContainsFunc(s, unicode.IsControl) {
		return want("subjects")
	}
	*v.to = append(*v.to, s)
	return nil
}

// Replace puts the subjects in the place of all.
func (v subjectsValue) Replace(subjects []string) error {
	if err := replace(v, v.to, subjects); err != nil {
		return err
	}
	if len(subjects) == 0 {
		*v.to = []string{}
	}
	return nil
}

// GetSlice returns the subjects.
func (v subjectsValue) GetSlice() []string { return *v.to }

func (v subjectsValue) String() string { return strings.Join(*v.to, ",") }
func (v subjectsValue) Type() string   { return "subjects" }

// A rightsValue is some of the rights in a room.
type rightsValue struct{ to *recado.Rights }

var _ pflag.SliceValue = rightsValue{}

func (v rightsValue) Set(s string) error { return v.Replace(strings.Split(s, ",")) }

// Append adds a right.
func (v rightsValue) Append(s string) error {
	right, known := recado.ParseRight(s)
	if !known {
		return want("rights")
	}
	*v.to |= right
	return nil
}

// Replace puts the rights in the place of all.
func (v rightsValue) Replace(rights []string) error {
	*v.to = 0
	var problems []error
	for _, right := range rights {
		problems = append(problems, v.Append(right))
	}
	return errors.Join(problems...)
}

// GetSlice returns the rights.
func (v rightsValue) GetSlice() []string {
	return strings.FieldsFunc(v.to.String(), func(r rune) bool { return r == ',' })
}

func (v rightsValue) String() string { return v.to.String() }
func (v rightsValue) Type() string   { return "rights" }

// A onePolicyValue is a policy for all rooms.
type onePolicyValue struct{ to *[]recado.RoomPolicy }

func (v onePolicyValue) Set(s string) error {
	policy, known := parsePolicy(s)
	if !known {
		return want("choice", "Choices", recado.Disconnect.String()+", "+recado.DropOldest.String())
	}
	*v.to = []recado.RoomPolicy{{Pattern: allRooms, Policy: policy}}
	return nil
}

func (v onePolicyValue) String() string { return policyValue(v).String() }
func (v onePolicyValue) Type() string   { return "policy" }
