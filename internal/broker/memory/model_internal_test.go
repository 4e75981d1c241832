package memory

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"recado"
)

// A historyModel drives a broker and knows all that was ever said in each of its rooms.
type historyModel struct {
	b      *Broker
	now    time.Time
	limits recado.Limits
	scarce bool // the rooms compete for space: what is kept is not foreseen
	rooms  map[string]*modelRoom
	given  []recado.Position // what the broker ever gave out, of any room
}

type modelRoom struct {
	said  []recado.Message // in this epoch, oldest first
	kept  int              // how many of them, before age is looked at
	last  uint64           // the room's position, as far as it is known
	stops []func()
}

func newModel(t *rapid.T) *historyModel {
	m := &historyModel{now: time.Unix(1e9, 0), scarce: rapid.Bool().Draw(t, "scarce")}
	m.limits = recado.Limits{
		HistoryMessages: rapid.SampledFrom([]int{recado.Off, 1, 4, 20}).Draw(t, "messages"),
		HistoryBytes:    rapid.SampledFrom([]int{500, 2000, 1 << 20}).Draw(t, "bytes"),
		HistoryAge:      rapid.SampledFrom([]time.Duration{recado.Off, time.Hour}).Draw(t, "age"),
	}
	if m.scarce {
		m.limits.HistoryTotalBytes = 4000
	}
	m.begin()
	return m
}

// begin is what happens after a crash, too.
func (m *historyModel) begin() {
	m.b = New(m.limits)
	m.b.now = m.clock
	m.rooms = map[string]*modelRoom{"ops": {}, "lobby": {}, "dev": {}}
}

func (m *historyModel) clock() time.Time { return m.now }

func (m *historyModel) room(t *rapid.T) (string, *modelRoom) {
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(m.rooms))).Draw(t, "room")
	return name, m.rooms[name]
}

func (m *historyModel) publish(t *rapid.T) {
	name, r := m.room(t)
	message := text(name, strings.Repeat("x", rapid.IntRange(0, 300).Draw(t, "size")))
	message.Sender[0] = byte(rapid.IntRange(0, 2).Draw(t, "sender"))
	message.ID = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "id")
	message.Ephemeral = rapid.IntRange(0, 9).Draw(t, "ephemeral") == 0
	got := publish(t, m.b, message)
	if message.Ephemeral {
		if got != (recado.Receipt{}) {
			t.Fatalf("the receipt of an ephemeral message is %+v", got)
		}
		return
	}
	if first := m.first(r, &message); first != nil {
		if want := (recado.Receipt{Seq: first.Seq, Prev: first.Prev, Duplicate: true}); got != want {
			t.Fatalf("the receipt is %+v, want %+v", got, want)
		}
		return
	}
	if got.Duplicate || got.Seq <= got.Prev {
		t.Fatalf("the receipt is %+v", got)
	}
	m.found(t, r, got.Prev)
	r.last = got.Seq
	message.Seq, message.Prev, message.Time = got.Seq, got.Prev, m.now
	r.said = append(r.said, message)
	m.given = append(m.given, m.at(got.Seq), m.at(got.Prev))
	m.trim(r)
}

// found is called with the position in which the room has been found.
func (m *historyModel) found(t *rapid.T, r *modelRoom, last uint64) {
	remembered := len(r.stops) > 0 || !m.scarce && len(m.present(r)) > 0
	if last < r.last || remembered && last != r.last {
		t.Fatalf("the room is found at seq %d, it was at %d, remembered: %t", last, r.last, remembered)
	}
	r.last = last
}

// first returns the message with which the same sender has used the same id within 12 minutes.
func (m *historyModel) first(r *modelRoom, message *recado.Message) *recado.Message {
	for i := range r.said {
		said := &r.said[i]
		if message.ID != "" && said.ID == message.ID && said.Sender == message.Sender &&
			m.now.Sub(said.Time) < 12*time.Minute {
			return said
		}
	}
	return nil
}

// trim is what happens after the newest message.
func (m *historyModel) trim(r *modelRoom) {
	r.kept = min(len(m.present(r))+1, max(m.limits.HistoryMessages, 0))
	for r.kept > 1 && costs(r.said[len(r.said)-r.kept:]) > m.limits.HistoryBytes {
		r.kept--
	}
}

func costs(messages []recado.Message) (n int) {
	for _, m := range messages {
		n += cost(&m)
	}
	return n
}

// present is what is kept and not too old.
func (m *historyModel) present(r *modelRoom) []recado.Message {
	for r.kept > 0 && m.limits.HistoryAge > 0 && m.now.Sub(r.said[len(r.said)-r.kept].Time) >= m.limits.HistoryAge {
		r.kept--
	}
	return r.said[len(r.said)-r.kept:]
}

func (m *historyModel) at(seq uint64) recado.Position {
	return recado.Position{Epoch: m.b.epoch, Seq: seq}
}

func (m *historyModel) read(t *rapid.T) {
	name, r := m.room(t)
	after := recado.Position{}
	if len(m.given) > 0 {
		after = rapid.SampledFrom(m.given).Draw(t, "after")
	}
	m.found(t, r, position(t, m.b, name).Seq)
	page := readAfter(t, m.b, name, after)
	got := seqs(page.Messages)
	all := seqs(r.said)
	if len(got) > 0 && (page.From.Seq != page.Messages[0].Prev || !slices.Equal(got, all[len(all)-len(got):])) {
		t.Fatalf("after %v: %v from %v, said was %v", after, got, page.From, all)
	}
	following := slices.DeleteFunc(slices.Clone(all), func(seq uint64) bool { return seq <= after.Seq })
	if page.From == after && (after.Epoch != m.b.epoch || !slices.Equal(got, following)) {
		t.Fatalf("after %v: %v is proven to be all, but %v was said", after, got, following)
	}
	if page.From.Epoch != m.b.epoch || len(got) == 0 && page.From != position(t, m.b, name) {
		t.Fatalf("after %v: nothing from %v", after, page.From)
	}
	if m.scarce {
		return
	}
	want := seqs(m.present(r))
	if len(want) > 0 && after.Epoch == m.b.epoch && after.Seq <= r.last {
		want = slices.DeleteFunc(want, func(seq uint64) bool { return seq <= after.Seq })
	}
	if !slices.Equal(got, want) {
		t.Fatalf("after %v: %v, want %v", after, got, want)
	}
}

func seqs(messages []recado.Message) []uint64 {
	numbers := []uint64{}
	for _, m := range messages {
		numbers = append(numbers, m.Seq)
	}
	return numbers
}

func (m *historyModel) subscribe(t *rapid.T) {
	name, r := m.room(t)
	from, stop := subscribe(t, m.b, name)
	m.found(t, r, from.Seq)
	m.given = append(m.given, from)
	r.stops = append(r.stops, stop)
}

func (m *historyModel) stop(t *rapid.T) {
	if _, r := m.room(t); len(r.stops) > 0 {
		r.stops[0]()
		r.stops = r.stops[1:]
	}
}

func (m *historyModel) wait(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, 5 * time.Minute, 12 * time.Minute, 2 * time.Hour}).Draw(t, "time"))
}

// restart is a graceful one, and may change the limits.
func (m *historyModel) restart(t *rapid.T) {
	if err := m.b.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}
	var state bytes.Buffer
	if err := m.b.Save(&state); err != nil {
		t.Fatalf("Save = %v", err)
	}
	if !m.scarce && m.limits.HistoryMessages > 1 {
		m.limits.HistoryMessages = rapid.IntRange(1, m.limits.HistoryMessages).Draw(t, "messages")
	}
	m.b = New(m.limits)
	m.b.now = m.clock
	if err := m.b.load(newDecoder(&state)); err != nil {
		t.Fatalf("load = %v", err)
	}
	for _, r := range m.rooms {
		r.kept = min(r.kept, max(m.limits.HistoryMessages, 0))
		r.stops = nil
	}
}

func (m *historyModel) check(t *rapid.T) {
	rooms(t, m.b)
	if m.b.history.full() {
		t.Fatalf("%d bytes are held, the limit is %d", m.b.history.held.Load(), m.b.history.limit.Load())
	}
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"publish":       m.publish,
			"publish again": m.publish, // as often as all else
			"read":          m.read,
			"subscribe":     m.subscribe,
			"stop":          m.stop,
			"wait":          m.wait,
			"restart":       m.restart,
			"crash":         func(*rapid.T) { m.begin() },
			"":              m.check,
		})
	})
}
