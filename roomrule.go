package recado

import (
	"cmp"
	"slices"
)

// A RoomRule is what holds, instead of what holds elsewhere, in the rooms whose names match Pattern, in which * stands
// for any characters and ? for one.
type RoomRule struct {
	Pattern    string
	Publishers []string // subjects of tokens: nobody else may publish; nil: who has the right
	Anonymous  Rights   // what everybody may do there, also without a token; 0: nothing more than elsewhere
	Limits     Limits   // those of messages, the history and the queue's policy; a zero field is as elsewhere

	limits *Limits // all that hold there
}

// All are all the limits that hold where the rule does. It must be a rule of Limits that have their defaults.
func (r *RoomRule) All() *Limits { return r.limits }

// rights are those of a token's subject that has these elsewhere.
func (r *RoomRule) rights(subject string, elsewhere Rights) Rights {
	rights := elsewhere | r.Anonymous
	if r.Publishers != nil && (subject == "" || !slices.Contains(r.Publishers, subject)) {
		rights &^= MayPublish
	}
	return rights
}

// FirstRule is the first whose pattern matches the room's name, nil if none does.
func FirstRule(rules []RoomRule, room string) *RoomRule {
	for i := range rules {
		if matches(rules[i].Pattern, room) {
			return &rules[i]
		}
	}
	return nil
}

// In returns the limits that hold in a room. l has its defaults.
func (l *Limits) In(room string) *Limits {
	if rule := FirstRule(l.RoomRules, room); rule != nil {
		return rule.All()
	}
	return l
}

// withRules works out what holds in the rooms that have a rule. l has its defaults.
func (l Limits) withRules() Limits {
	rules := slices.Clone(l.RoomRules)
	l.RoomRules = nil
	for i := range rules {
		there := l.with(&rules[i].Limits)
		rules[i].limits = &there
	}
	l.RoomRules = rules
	return l
}

// with is l with what a rule says; what goes with a larger or a faster message goes with it.
func (l Limits) with(r *Limits) Limits {
	l.MessageSize = cmp.Or(r.MessageSize, l.MessageSize)
	if r.MessageRate != 0 {
		l.MessageRate, l.MessageBurst = r.MessageRate, 2*max(r.MessageRate, 1)
	}
	l.MessageBurst = cmp.Or(r.MessageBurst, l.MessageBurst)
	l.Fragments = max(l.Fragments, l.MessageSize/32)
	l.HistoryMessages = cmp.Or(r.HistoryMessages, l.HistoryMessages)
	l.HistoryAge = cmp.Or(r.HistoryAge, l.HistoryAge)
	if l.HistoryBytes != Off {
		l.HistoryBytes = cmp.Or(r.HistoryBytes, max(l.HistoryBytes, r.MessageSize))
	}
	if r.QueuePolicies != nil {
		l.QueuePolicies = r.QueuePolicies
	}
	return l
}
