package sse_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/internal/protocol/sse"
	v1 "recado/internal/protocol/v1"
)

// An event is what a browser makes of a stream.
type event struct{ id, name, data string }

// parse reads a stream as the HTML standard says, section 9.2.6: lines end with CR, LF or CRLF; what an empty line ends
// is an event if it has data. The last id holds on.
func parse(stream string) (events []event, lastID string) {
	var now event
	has := false
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(stream), "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if has {
				now.id = lastID
				events = append(events, now)
			}
			now, has = event{}, false
		case field == "id":
			lastID = value
		case field == "event":
			now.name = value
		case field == "data" && has:
			now.data += "\n" + value
		case field == "data":
			now.data, has = value, true
		}
	}
	return events, lastID
}

// Whatever a message says, a browser gets one event with that message, and nothing else.
func FuzzMessage(f *testing.F) {
	f.Add("oi", "ana", "")
	f.Add("a\nb\r\nc\rd\n\ndata: x\nid: 9\nevent: gap", "x\ny", "state")
	f.Add("\u2028\u2029\x00\xff", "\r", "")
	f.Fuzz(func(t *testing.T, text, name, eventName string) {
		format := sse.Format{Epoch: "k3f9"}
		m := recado.Message{Seq: 42, Prev: 41, Time: time.Unix(1, 0), Name: name, Event: eventName, Kind: recado.Text, Data: []byte(text)}
		stream := format.Append(nil, &m)
		stream = format.Ping(stream)
		events, id := parse(string(stream))
		if len(events) != 1 || id != "k3f9.42" || events[0].id != id || events[0].name != "" {
			t.Fatalf("%q is read as %q, last id %q", stream, events, id)
		}
		var got struct {
			Position, Text, Event string
			From                  struct{ Name string }
		}
		valid := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		err := json.Unmarshal([]byte(events[0].data), &got)
		if err != nil || got.Position != id || !same(got.Text, text) || !same(got.Event, eventName) || name != "" && !same(got.From.Name, name) {
			t.Fatalf("%q is read as %+v, %v; want %q", stream, got, err, valid(text))
		}
	})
}

// same compares what came through JSON, which has no invalid UTF-8.
func same(got, want string) bool { return got == string([]rune(want)) }

func TestEvents(t *testing.T) {
	format := sse.Format{Epoch: "k3f9"}
	at := recado.Position{Epoch: "k3f9", Seq: 37}
	own := recado.Message{Seq: 40, Prev: 37, ID: "c1"}
	stream := format.Begin(nil, at, 1500*time.Millisecond)
	stream = format.AppendOwn(stream, &own)
	if events, id := parse(string(stream)); len(events) != 0 || id != "k3f9.40" || !strings.HasPrefix(string(stream), "retry: 1500\n") {
		t.Errorf("%q is read as %q, last id %q", stream, events, id)
	}
	gap := v1.Gap{From: 10, To: 37, Reason: v1.GapExpired, Position: at}
	events, id := parse(string(format.AppendEvent(nil, gap)))
	if len(events) != 1 || events[0].name != "gap" || id != at.String() || !json.Valid([]byte(events[0].data)) {
		t.Errorf("a gap is read as %q, last id %q", events, id)
	}
	events, _ = parse(string(format.AppendEvent(nil, v1.Drain{ReconnectAfter: time.Second})))
	if len(events) != 1 || events[0].name != "drain" {
		t.Errorf("a drain is read as %q", events)
	}
	fleeting := recado.Message{Ephemeral: true, Kind: recado.Text, Data: []byte("typing"), Time: time.Unix(1, 0)}
	events, id = parse(string(format.AppendOwn(format.Append(nil, &fleeting), &fleeting)))
	if len(events) != 1 || id != "" {
		t.Errorf("an ephemeral message is read as %q, last id %q", events, id)
	}
}
