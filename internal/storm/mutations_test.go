package storm_test

import (
	"maps"
	"slices"
	"testing"

	"recado/internal/storm"
)

// tell is a correct log with everything in it that a rule looks at. In ops there are ana, beto and the raw caio
// and duda, in lobby eva and the raw fabi, who has a session.
func tell() log {
	p := newPerfect(4)
	ana, beto := p.join(perfectClient{name: "ana", room: "ops"}), p.join(perfectClient{name: "beto", room: "ops"})
	caio := p.join(perfectClient{name: "caio", room: "ops", raw: true})
	p.join(perfectClient{name: "duda", room: "ops", raw: true})
	eva := p.join(perfectClient{name: "eva", room: "lobby"})
	fabi := p.join(perfectClient{name: "fabi", room: "lobby", raw: true, session: true})
	all := func() {
		for _, c := range p.clients {
			c.connect()
			c.read(99)
		}
	}
	all()
	for _, kind := range []string{"text", "binary", "json"} { // all hear all
		for _, c := range []*perfectClient{ana, eva, caio, beto, fabi, ana} {
			c.say(kind, false)
		}
		all()
	}
	beto.cut()
	ana.say("text", false)
	caio.say("text", false)
	all() // beto is recovered with a replay of two
	ana.say("text", false)
	ana.cut()
	all() // ana is, with a replay of its own
	ana.say("text", true)
	ana.say("text", false) // while it is away
	all()                  // and now once more, with what was lost
	all()
	ana.say("text", false)
	ana.cut()
	for range 5 {
		beto.say("text", false)
	}
	all() // ana gets a gap; what it says again is a duplicate
	all()
	caio.cut()
	all()
	caio.say("text", false)
	all()
	p.restart(false)
	all()
	ana.say("text", false)
	beto.say("text", false)
	all()
	ana.say("text", true)
	p.restart(true)
	all() // ana gives up on what it said last
	for _, c := range p.clients {
		c.say("text", false)
		c.say("text", false)
	}
	all()
	return p.finish()
}

// A log is edited at the event of a client that is of this sort and has this data, id or position; "" is the last
// one of the sort.
type log []storm.Event

func (l log) find(client, do, what string) int {
	for i, e := range slices.Backward(l) {
		if e.Client == client && e.Do == do && !e.Duplicate &&
			(what == "" || what == e.ID || what == e.Position || string(e.Data) == `"`+what+`"`) {
			return i
		}
	}
	panic("the log has no such event: " + client + " " + do + " " + what)
}

func (l log) change(client, do, what string, edit func(e *storm.Event)) log {
	edit(&l[l.find(client, do, what)])
	return l
}

func (l log) drop(client, do, what string) log {
	at := l.find(client, do, what)
	return slices.Delete(l, at, at+1)
}

func (l log) swap(client, do, what, other string) log {
	i, j := l.find(client, do, what), l.find(client, do, other)
	l[i], l[j] = l[j], l[i]
	return l
}

// hear lets a client log an event, maybe of somebody else's, right before one of its own.
func (l log) hear(e storm.Event, client, do, what string) log {
	e.Client = client
	return slices.Insert(l, l.find(client, do, what), e)
}

// What is not damaged is not complained of either: each damage breaks just the rules it is meant for.
func TestEachRuleCanFail(t *testing.T) {
	proven := map[string]bool{}
	for _, tt := range slices.Concat(damagedMessages, damagedOrder, damagedChain) {
		t.Run(tt.name, func(t *testing.T) {
			found := map[string]bool{}
			violations := storm.Check(tt.damage(tell()))
			for _, v := range violations {
				found[v.Rule], proven[v.Rule] = true, true
			}
			if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, tt.want) {
				t.Errorf("rules %q complain, want %q: %v", got, tt.want, violations)
			}
		})
	}
	for _, rule := range storm.Rules() {
		if !proven[rule] {
			t.Errorf("no damage breaks the rule %q", rule)
		}
	}
}

func TestUntouchedLogPasses(t *testing.T) {
	for _, v := range storm.Check(tell()) {
		t.Error(v)
	}
}
