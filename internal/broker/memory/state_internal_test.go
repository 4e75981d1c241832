package memory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"recado"
)

// inhabited is a broker of a few rooms, with history, ids, or subscribers only.
func inhabited(t tb) *Broker {
	t.Helper()
	b := New(recado.Limits{})
	subscribe(t, b, "empty")
	publish(t, b, text("ops", "olá"))
	publish(t, b, text("lobby", ""))
	m := recado.Message{
		Room: "ops", Sender: recado.NewMemberID([]byte("ana")), Name: "Ana", ID: "c1", Event: "move", Kind: recado.JSON,
		Data: []byte(`{"a":1}`),
	}
	publish(t, b, m)
	m.ID = "c2"
	publish(t, b, m)
	return b
}

func saved(t tb, b *Broker) []byte {
	t.Helper()
	_ = b.Close() // it has no error
	var state bytes.Buffer
	if err := b.Save(&state); err != nil {
		t.Fatalf("Save = %v", err)
	}
	return state.Bytes()
}

func loaded(t tb, state []byte, l recado.Limits) *Broker {
	t.Helper()
	b, err := Load(iotest.OneByteReader(bytes.NewReader(state)), l)
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	rooms(t, b)
	return b
}

func TestStateSurvives(t *testing.T) {
	b := inhabited(t)
	beyond := publish(t, b, text("lobby", "!"))
	before := map[string]recado.Page{}
	for _, room := range []string{"ops", "lobby", "empty", "never"} {
		before[room] = readAfter(t, b, room, recado.Position{})
	}
	again := loaded(t, saved(t, b), recado.Limits{})
	for room, want := range before {
		if got := readAfter(t, again, room, recado.Position{}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", room, got, want)
		}
	}
	m := text("ops", "sent again")
	m.Sender, m.ID = recado.NewMemberID([]byte("ana")), "c1"
	if got := publish(t, again, m); !got.Duplicate || got.Seq != before["ops"].Messages[1].Seq {
		t.Errorf("what is sent again gets %+v", got)
	}
	if got := publish(t, again, text("ops", "new")); got.Seq != beyond.Seq+1 || got.Prev != before["ops"].Messages[2].Seq {
		t.Errorf("what follows gets %+v", got)
	}
	if _, err := Load(bytes.NewReader(saved(t, again)), recado.Limits{}); err != nil {
		t.Errorf("the second Load = %v", err)
	}
}

// A forgotten room's position proves nothing after a restart either, be it forgotten before or by it.
func TestFloorSurvives(t *testing.T) {
	for name, left := range map[string]bool{"before": true, "by it": false} {
		t.Run(name, func(t *testing.T) {
			b := New(recado.Limits{HistoryMessages: recado.Off})
			old, stop := subscribe(t, b, "ops")
			publish(t, b, text("ops", "x"))
			if left {
				stop()
			}
			again := loaded(t, saved(t, b), recado.Limits{})
			if page := readAfter(t, again, "ops", old); page.From != (recado.Position{Epoch: old.Epoch, Seq: 1}) {
				t.Errorf("after %v the page is from %v", old, page.From)
			}
		})
	}
}

func TestLoadKeepsToItsLimits(t *testing.T) {
	one := named("299")
	for name, tt := range map[string]struct {
		limits recado.Limits
		after  time.Duration
		kept   int // of each room; -1: it depends
		rooms  int
	}{
		"all":      {kept: 100, rooms: 3},
		"number":   {limits: recado.Limits{HistoryMessages: 7}, kept: 7, rooms: 3},
		"bytes":    {limits: recado.Limits{HistoryBytes: 7 * cost(&one)}, kept: 7, rooms: 3},
		"in all":   {limits: recado.Limits{HistoryTotalBytes: 30 * cost(&one)}, kept: -1, rooms: 3},
		"off":      {limits: recado.Limits{HistoryMessages: recado.Off}, kept: 0, rooms: 3}, // their ids are known
		"ids gone": {after: 12 * time.Minute, kept: 100, rooms: 3},
		"too old":  {after: 24 * time.Hour, kept: 0, rooms: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := New(recado.Limits{})
				for i := range 300 {
					m := named(fmt.Sprint(i))
					m.Room = fmt.Sprint("room", i%3)
					publish(t, b, m)
				}
				state := saved(t, b)
				time.Sleep(tt.after)
				again := loaded(t, state, tt.limits)
				if n := rooms(t, again); n != tt.rooms || again.history.full() {
					t.Errorf("%d rooms are remembered, %d bytes held; want %d rooms", n, again.history.held.Load(), tt.rooms)
				}
				for i := range 3 {
					room := fmt.Sprint("room", i)
					if got := kept(t, again, room); len(got) != tt.kept && tt.kept >= 0 {
						t.Errorf("%s has kept %d messages, want %d", room, len(got), tt.kept)
					}
					if p := position(t, again, room); tt.rooms == 3 && p.Seq != uint64(298+i) || tt.rooms == 0 && p.Seq != 300 {
						t.Errorf("%s is at %v", room, p)
					}
				}
				newest := named("299")
				newest.Room = "room2"
				if got := publish(t, again, newest).Duplicate; got != (tt.after == 0) {
					t.Errorf("the newest id is known: %t", got)
				}
			})
		})
	}
}

func TestSaveFails(t *testing.T) {
	b := inhabited(t)
	if err := b.Save(io.Discard); err == nil {
		t.Error("Save before Close = nil")
	}
	size := len(saved(t, b))
	for _, room := range []int{0, size / 2, size - sha256.Size, size - 1} {
		if err := b.Save(&full{room}); !errors.Is(err, errFull) {
			t.Errorf("Save where %d of %d bytes fit = %v", room, size, err)
		}
	}
}

var errFull = errors.New("full")

// full is a writer with room for so many bytes.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// What was acknowledged until Close is in the state, and nothing else.
func TestAcknowledgedIsSaved(t *testing.T) {
	b := New(recado.Limits{HistoryMessages: 1 << 20, HistoryBytes: recado.Off})
	var acked [4][]uint64
	var publishers sync.WaitGroup
	begun := make(chan struct{}, len(acked))
	for i := range acked {
		publishers.Go(func() {
			for j := 0; ; j++ {
				receipt, err := b.Publish(context.Background(), text(fmt.Sprint(i, j%7), "x"))
				if err != nil {
					return
				}
				if acked[i] = append(acked[i], receipt.Seq); j == 50 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range acked {
		<-begun
	}
	state := saved(t, b)
	publishers.Wait()
	again := loaded(t, state, recado.Limits{HistoryMessages: 1 << 20, HistoryBytes: recado.Off})
	in := map[uint64]bool{}
	for i := range acked {
		for j := range 7 {
			for _, m := range readAfter(t, again, fmt.Sprint(i, j), recado.Position{}).Messages {
				in[m.Seq] = true
			}
		}
	}
	n := 0
	for _, seqs := range acked {
		n += len(seqs)
		for _, seq := range seqs {
			if !in[seq] {
				t.Errorf("seq %d was acknowledged and is not in the state", seq)
			}
		}
	}
	if n != len(in) {
		t.Errorf("%d messages are in the state, %d were acknowledged", len(in), n)
	}
}

// Who has found a room before Close, or begins one during it, publishes nothing there.
func TestCloseReachesEveryRoom(t *testing.T) {
	b := inhabited(t)
	s := b.shard("ops")
	found := s.find(b, "ops", true)
	_ = b.Close() // it has no error
	if begun := b.shard("late").begin(b, "late"); !found.gone || !begun.gone {
		t.Errorf("the room found before is gone: %t, the one begun after: %t", found.gone, begun.gone)
	}
}
