package hub

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/internal/broker/memory"
)

// What was told is not kept: nothing grows with those who come and go.
func TestNewsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(memory.New(recado.Limits{}), recado.Limits{})
		witness := enter(t, h, "witness")
		for i := range 100 {
			enter(t, h, fmt.Sprint(i)).Leave(i%2 == 0)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		witness.room.mu.Lock()
		defer witness.room.mu.Unlock()
		if p := &witness.room.presence; len(p.dirty) > 0 || len(p.told) != 1 || len(p.away) > 0 || p.timer != nil {
			t.Errorf("%d to tell, %d told, %d away, timer %v", len(p.dirty), len(p.told), len(p.away), p.timer)
		}
	})
}

func enter(t *testing.T, h *Hub, session string) *Member {
	t.Helper()
	m := &Member{ID: recado.NewMemberID([]byte(session)), Encoding: deaf{}}
	if _, err := h.Join(t.Context(), "ops", m); err != nil {
		t.Fatal(err)
	}
	m.Attach()
	return m
}

// deaf is an encoding with presence, of no bytes.
type deaf struct{}

func (deaf) Append(dst []byte, _ *recado.Message) []byte        { return dst }
func (deaf) AppendOwn(dst []byte, _ *recado.Message) []byte     { return dst }
func (deaf) AppendChange(dst []byte, _ Change, _ Person) []byte { return dst }
func (deaf) AppendCount(dst []byte, _ int, _ []Person) []byte   { return dst }
func (deaf) Flush(*Batch, []*Member)                            {}
