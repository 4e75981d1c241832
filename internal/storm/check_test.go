package storm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"recado/internal/storm"
)

// finish lets everybody come back and read to the end.
func (p *perfect) finish() []storm.Event {
	for range 2 { // what is sent again in the first turn is read in the second
		for _, c := range p.clients {
			c.connect()
			c.read(len(c.queue))
		}
	}
	for _, c := range p.clients {
		c.read(len(c.queue))
		c.write(storm.Event{Do: storm.Done})
	}
	return p.log
}

// randomLog is what some clients of a perfect server can have logged.
func randomLog(t *rapid.T) []storm.Event {
	p := newPerfect(rapid.IntRange(1, 20).Draw(t, "window"))
	for i := range rapid.IntRange(2, 8).Draw(t, "clients") {
		p.join(perfectClient{
			name: fmt.Sprint("client", i), room: fmt.Sprint("room", i%2), raw: i/2%2 == 1, session: i >= 6,
		})
	}
	someone := rapid.SampledFrom(p.clients)
	t.Repeat(map[string]func(*rapid.T){
		"say": func(t *rapid.T) {
			c := someone.Draw(t, "client")
			for range rapid.IntRange(1, 5).Draw(t, "messages") {
				c.say(rapid.SampledFrom([]string{"text", "binary", "json"}).Draw(t, "kind"), false)
			}
		},
		"say to nobody": func(t *rapid.T) { someone.Draw(t, "client").say("text", true) },
		"read":          func(t *rapid.T) { someone.Draw(t, "client").read(rapid.IntRange(1, 9).Draw(t, "frames")) },
		"cut":           func(t *rapid.T) { someone.Draw(t, "client").cut() },
		"connect":       func(t *rapid.T) { someone.Draw(t, "client").connect() },
		"restart":       func(t *rapid.T) { p.restart(rapid.IntRange(0, 3).Draw(t, "kill") == 0) },
	})
	return p.finish()
}

func TestCorrectLogsPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, v := range storm.Check(randomLog(t)) {
			t.Error(v)
		}
	})
}

// A frame that disappears before another one, or shows up twice, is found wherever that happens.
func TestDamagedLogsDoNotPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := randomLog(t)
		var frames []int
		for i, e := range log {
			next := slices.IndexFunc(log[i+1:], func(later storm.Event) bool {
				return later.Client == e.Client && (later.Do == storm.Gap || later.Seq != 0 && !later.Duplicate)
			})
			if e.Seq != 0 && !e.Duplicate && next >= 0 && log[i+1+next].Do != storm.Gap {
				frames = append(frames, i)
			}
		}
		if len(frames) == 0 {
			return
		}
		at := rapid.SampledFrom(frames).Draw(t, "frame")
		if rapid.Bool().Draw(t, "drop") {
			log = slices.Delete(log, at, at+1)
		} else {
			log = slices.Insert(log, at, log[at])
		}
		if len(storm.Check(log)) == 0 {
			t.Errorf("line %d was dropped or doubled, and no rule complains", at+1)
		}
	})
}

func TestReadLog(t *testing.T) {
	var written bytes.Buffer
	p := newPerfect(10)
	c := p.join(perfectClient{name: "ana", room: "ops"})
	c.read(1)
	c.say("text", false)
	want := p.finish()
	for _, e := range want {
		if err := json.NewEncoder(&written).Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := storm.ReadLog(&written)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ReadLog = %v, %v; want %v", got, err, want)
	}
	if _, err := storm.ReadLog(bytes.NewReader([]byte("{}\n{"))); err == nil {
		t.Error("ReadLog of half a line is no error")
	}
}
