package memory

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"recado"
)

func TestDamagedState(t *testing.T) {
	state := saved(t, inhabited(t))
	broken := errors.New("broken")
	changed := func(i int) []byte {
		other := bytes.Clone(state)
		other[i] ^= 0x10
		return other
	}
	tests := map[string]struct {
		state io.Reader
		want  string
	}{
		"empty":         {strings.NewReader(""), "not a state"},
		"something":     {strings.NewReader("{\"epoch\": 1}      "), "not a state"},
		"other version": {strings.NewReader(strings.Replace(string(state), "1\n", "2\n", 1)), "another version"},
		"cut":           {bytes.NewReader(state[:len(state)/2]), "ends too early"},
		"without sum":   {bytes.NewReader(state[:len(state)-sha256.Size]), "ends too early"},
		"cut sum":       {bytes.NewReader(state[:len(state)-1]), "ends too early"},
		"longer":        {bytes.NewReader(append(bytes.Clone(state), 0)), "damaged"},
		"text changed":  {bytes.NewReader(changed(bytes.Index(state, []byte("Ana")))), "damaged"},
		"sum changed":   {bytes.NewReader(changed(len(state) - 1)), "damaged"},
		"unreadable":    {io.MultiReader(bytes.NewReader(state[:100]), iotest.ErrReader(broken)), "broken"},
		"not a file":    {iotest.ErrReader(broken), "broken"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := Load(tt.state, recado.Limits{})
			if b != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, %v, want an error with %q", b, err, tt.want)
			}
		})
	}
	for i := range state {
		if _, err := Load(bytes.NewReader(changed(i)), recado.Limits{}); err == nil {
			t.Errorf("byte %d is changed, and nobody has noticed", i)
		}
		if _, err := Load(bytes.NewReader(state[:i]), recado.Limits{}); err == nil {
			t.Errorf("it is cut after %d bytes, and nobody has noticed", i)
		}
	}
}

// The sum is right, and no broker has written this.
func TestImplausibleState(t *testing.T) {
	room := func(e *encoder, last uint64, messages ...[3]uint64) { // of each its seq, its prev and its time
		e.number(1)
		e.text("ops")
		e.number(last)
		e.time(1000)
		e.number(uint64(len(messages)))
		for _, m := range messages {
			e.number(m[0])
			e.number(m[1])
			e.time(int64(m[2]))
			e.raw(strings.Repeat("\x00", 16))
			for range 3 {
				e.text("")
			}
			e.number(uint64(recado.Text))
			e.text("x")
		}
	}
	ids := func(e *encoder, id string, times ...int64) {
		e.raw("sixteen bytes of")
		e.number(uint64(len(times)))
		for _, at := range times {
			e.text(id)
			e.number(1)
			e.number(0)
			e.time(at)
		}
	}
	tests := map[string]struct {
		write func(e *encoder)
		good  bool
	}{
		"good": {func(e *encoder) { room(e, 5, [3]uint64{2, 1, 10}, [3]uint64{5, 2, 20}); e.number(1); ids(e, "c1", 7) }, true},
		"twice a room": {func(e *encoder) {
			room(e, 2, [3]uint64{2, 1, 10})
			e.number(0)
			room(e, 2, [3]uint64{2, 1, 10})
			e.number(0)
		}, false},
		"beyond counter":    {func(e *encoder) { room(e, 10); e.number(0) }, false},
		"backwards":         {func(e *encoder) { room(e, 5, [3]uint64{2, 2, 10}, [3]uint64{5, 2, 20}); e.number(0) }, false},
		"no chain":          {func(e *encoder) { room(e, 5, [3]uint64{2, 1, 10}, [3]uint64{5, 3, 20}); e.number(0) }, false},
		"time turned back":  {func(e *encoder) { room(e, 5, [3]uint64{2, 1, 20}, [3]uint64{5, 2, 10}); e.number(0) }, false},
		"newer than newest": {func(e *encoder) { room(e, 5, [3]uint64{5, 1, 1001}); e.number(0) }, false},
		"not the newest":    {func(e *encoder) { room(e, 5, [3]uint64{4, 1, 10}); e.number(0) }, false},
		"twice an id":       {func(e *encoder) { room(e, 5); e.number(1); ids(e, "c1", 7, 8) }, false},
		"twice a session":   {func(e *encoder) { room(e, 5); e.number(2); ids(e, "c1", 7); ids(e, "c2", 8) }, false},
		"later id":          {func(e *encoder) { room(e, 5); e.number(1); ids(e, "c1", 1001) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var state bytes.Buffer
			e := newEncoder(&state)
			e.raw(stateLine)
			e.text("k3f9")
			e.number(9) // the counter
			e.number(0) // the floor
			tt.write(e)
			e.number(0)
			_ = e.finish() // a buffer takes all
			_, err := Load(&state, recado.Limits{HistoryAge: recado.Off})
			if good := err == nil; good != tt.good || !good && !errors.Is(err, errDamaged) {
				t.Errorf("Load = %v", err)
			}
		})
	}
}

// Load takes any bytes, with a right sum or without; what it takes is a broker that works, and saves what it loaded.
func FuzzLoad(f *testing.F) {
	state := saved(f, inhabited(f))
	f.Add(state)
	f.Add(state[:len(state)-sha256.Size])
	f.Add(saved(f, New(recado.Limits{})))
	f.Fuzz(func(t *testing.T, state []byte) {
		sum := sha256.Sum256(state)
		for _, state := range [][]byte{state, append(bytes.Clone(state), sum[:]...)} {
			b, err := Load(bytes.NewReader(state), recado.Limits{HistoryAge: recado.Off})
			if err != nil || b.seq.Load() > maxSeq/2 {
				continue
			}
			rooms(t, b)
			for i := range b.shards {
				for name := range b.shards[i].rooms {
					checkChain(t, b, name)
				}
			}
			again := loaded(t, saved(t, b), recado.Limits{HistoryAge: recado.Off})
			if got, want := rooms(t, again), rooms(t, b); got != want {
				t.Errorf("%d rooms are loaded the second time, %d the first", got, want)
			}
		}
	})
}

func checkChain(t tb, b *Broker, room string) {
	t.Helper()
	publish(t, b, text(room, "new"))
	page := readAfter(t, b, room, recado.Position{})
	last := page.From.Seq
	for _, m := range page.Messages {
		if m.Prev != last || m.Seq <= last {
			t.Errorf("%s: seq %d has prev %d after %d", room, m.Seq, m.Prev, last)
		}
		last = m.Seq
	}
	if p := position(t, b, room); p.Seq != last {
		t.Errorf("%s is at %v, its newest message has seq %d", room, p, last)
	}
}
