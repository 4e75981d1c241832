package v1_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"recado"
	v1 "recado/internal/protocol/v1"
)

func TestCommandsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := commands.Draw(t, "command")
		frame := v1.AppendCommand([]byte("before"), want)
		got, err := v1.DecodeCommand(cutPrefix(t, frame))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is read as %+v, %v, want %+v", frame, got, err, want)
		}
	})
}

func TestEventsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := events.Draw(t, "event")
		frame := v1.AppendEvent([]byte("before"), want)
		got, err := v1.DecodeEvent(cutPrefix(t, frame))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is read as %+v, %v, want %+v", frame, got, err, want)
		}
	})
}

// cutPrefix also holds the frame against another reader of JSON.
func cutPrefix(t *rapid.T, frame []byte) []byte {
	rest, ok := strings.CutPrefix(string(frame), "before")
	if !ok || !json.Valid([]byte(rest)) || strings.ContainsAny(rest, "\u2028\u2029") {
		t.Fatalf("%q appended, want valid JSON without line separators", frame)
	}
	return []byte(rest)
}

func TestAppendMessageIsAppendEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := messages.Draw(t, "message")
		stored := recado.Message{
			Room: "lobby", Seq: m.Seq, Prev: m.Prev, Time: m.Time, Sender: m.From.ID, Name: m.From.Name, ID: "c1",
			Event: m.Event, Kind: m.Content.Kind, Data: m.Content.Data, Ephemeral: m.Ephemeral,
		}
		if stored.Name == "" {
			m.From.Name = stored.Sender.Name()
		}
		if got := v1.FromMessage(&stored); !reflect.DeepEqual(got, m) {
			t.Fatalf("FromMessage(%+v) = %+v, want %+v", stored, got, m)
		}
		if got, want := v1.AppendMessage(nil, &stored), v1.AppendEvent(nil, m); string(got) != string(want) {
			t.Fatalf("AppendMessage: %s, AppendEvent: %s", got, want)
		}
	})
}

func TestAcks(t *testing.T) {
	m := sample()
	if got, want := string(v1.AppendAck(nil, m)), `{"type":"ack","id":"c17","seq":123456,"prev":123455}`; got != want {
		t.Errorf("AppendAck = %s, want %s", got, want)
	}
	again := v1.Ack{ID: "c1", Seq: 7, Prev: 5, Duplicate: true}
	if got, want := string(v1.AppendEvent(nil, again)), `{"type":"ack","id":"c1","seq":7,"prev":5,"duplicate":true}`; got != want {
		t.Errorf("AppendEvent = %s, want %s", got, want)
	}
}

// Eight bytes are looked at together: each byte must count at each place among them.
func TestEveryByteAtEveryPlace(t *testing.T) {
	for c := range 256 {
		for place := range 17 {
			name := []byte(strings.Repeat("x", 17))
			name[place] = byte(c)
			got, err := v1.DecodeCommand(v1.AppendCommand(nil, v1.Rename{Name: string(name)}))
			if want := (v1.Rename{Name: strings.ToValidUTF8(string(name), "\uFFFD")}); err != nil || got != want {
				t.Fatalf("%+q is read as %+q, %v", want.Name, got, err)
			}
		}
	}
}

// Bytes that should not be there must not break the frame.
func TestInvalidTextIsReplaced(t *testing.T) {
	m := sample()
	m.Data = []byte("a\xffb\xe2\x80\xed\xa0\x80")
	m.Name = "\xc0"
	frame := v1.AppendMessage(nil, m)
	for _, want := range []string{`"text":"a` + "\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD" + `"`, `"name":"` + "\uFFFD" + `"`} {
		if !strings.Contains(string(frame), want) {
			t.Errorf("AppendMessage = %q, want %q in it", frame, want)
		}
	}
}

func TestTimeIsCutToMilliseconds(t *testing.T) {
	m := sample()
	for in, want := range map[time.Time]string{
		time.Date(2026, 11, 22, 9, 0, 0, 123_999_999, time.FixedZone("", -3*60*60)): `"time":"2026-11-22T12:00:00.123Z"`,
		time.Date(2027, 1, 2, 3, 4, 5, 999_999, time.UTC):                           `"time":"2027-01-02T03:04:05.000Z"`,
		time.Date(1999, 12, 31, 23, 59, 59, 999e6, time.UTC):                        `"time":"1999-12-31T23:59:59.999Z"`,
	} {
		m.Time = in
		if frame := string(v1.AppendMessage(nil, m)); !strings.Contains(frame, want) {
			t.Errorf("AppendMessage at %v = %s, want %s in it", in, frame, want)
		}
	}
}

// The room's batch is the only memory that a message needs.
func TestNothingIsAllocated(t *testing.T) {
	dst := make([]byte, 0, 4096)
	m := sample()
	odd := *m
	odd.Data = []byte("\"\n\u2028ç😀\xff" + strings.Repeat("x", 100))
	odd.Event = "e"
	binary, value := *m, *m
	binary.Kind, value.Kind, value.Data = recado.Binary, recado.JSON, []byte(`{"a":1}`)
	for name, do := range map[string]func(){
		"AppendMessage":            func() { v1.AppendMessage(dst, m) },
		"AppendMessage, escapes":   func() { v1.AppendMessage(dst, &odd) },
		"AppendMessage, binary":    func() { v1.AppendMessage(dst, &binary) },
		"AppendMessage, JSON":      func() { v1.AppendMessage(dst, &value) },
		"AppendAck":                func() { v1.AppendAck(dst, m) },
		"AppendCommand, a publish": func() { _ = v1.AppendCommand(dst, publish) },
	} {
		if n := testing.AllocsPerRun(100, do); n > 0 {
			t.Errorf("%s allocates %v times, want 0", name, n)
		}
	}
}

func TestFrameLimitHoldsTheWorst(t *testing.T) {
	const size = 100_000
	worst := v1.Publish{
		ID:      strings.Repeat("~", 64),
		Content: v1.Content{Kind: recado.Text, Data: make([]byte, size)},
		Event:   strings.Repeat("e", 64),
	}
	if n := len(v1.AppendCommand(nil, worst)); n > v1.FrameLimit(size) || n < 6*size {
		t.Errorf("the worst frame of %d bytes has %d, FrameLimit says %d", size, n, v1.FrameLimit(size))
	}
}
