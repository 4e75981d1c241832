package hub_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// inLag is a room where one member lags, another talks, and a third only listens.
func inLag(t *testing.T, scene func(t *testing.T, h *hub.Hub, ana, beto *hub.Member, heard *inbox)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
		ana, _ := join(t, h, "ops", "ana", e, false)
		beto, _ := join(t, h, "ops", "beto", e, false)
		_, heard := join(t, h, "ops", "carla", e, false)
		beto.Lag(true)
		scene(t, h, ana, beto, heard)
	})
}

// Who lags slows down those who have much to say, to a pace and not more. Who has little to say notices nothing.
func TestLagPace(t *testing.T) {
	inLag(t, func(t *testing.T, _ *hub.Hub, ana, beto *hub.Member, _ *inbox) {
		t.Helper()
		began := time.Now()
		for range 5 {
			say(t, ana, "oi")
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("a few words took %v while somebody lags, want no time", took)
		}
		began = time.Now()
		for range 2 << 20 / (16 << 10) {
			say(t, ana, strings.Repeat("x", 16<<10))
		}
		if took := time.Since(began); took < 1900*time.Millisecond || took > 2100*time.Millisecond {
			t.Errorf("2 MiB took %v while somebody lags, want 2 s", took)
		}
		began = time.Now()
		say(t, ana, strings.Repeat("x", 4<<20))
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("one large message took %v while somebody lags, want 100 ms at most", took)
		}
		beto.Lag(false)
		began = time.Now()
		for range 100 {
			say(t, ana, strings.Repeat("x", 16<<10))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("1.6 MiB took %v with nobody who lags, want no time", took)
		}
	})
}

// However a member ends to lag, who waits for that goes on at once.
func TestLagEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, h *hub.Hub, beto *hub.Member){
		"it has caught up": func(_ *testing.T, _ *hub.Hub, beto *hub.Member) { beto.Lag(false) },
		"it has left":      func(_ *testing.T, _ *hub.Hub, beto *hub.Member) { beto.Leave(false) },
		"it is away":       func(_ *testing.T, _ *hub.Hub, beto *hub.Member) { beto.Leave(true) },
		"it only reads":    func(_ *testing.T, _ *hub.Hub, beto *hub.Member) { beto.Detach() },
		"it is replaced": func(t *testing.T, h *hub.Hub, beto *hub.Member) {
			t.Helper()
			other := &hub.Member{ID: beto.ID, Encoding: beto.Encoding, Conn: new(inbox)}
			if _, err := h.Join(t.Context(), "ops", other); err != nil {
				t.Error(err)
			}
			beto.Lag(true) // its connection is the last to know
		},
	} {
		t.Run(name, func(t *testing.T) {
			inLag(t, func(t *testing.T, h *hub.Hub, ana, beto *hub.Member, heard *inbox) {
				t.Helper()
				began := time.Now()
				go say(t, ana, strings.Repeat("x", 32<<10))
				synctest.Wait()
				if n := len(heard.lines()); n != 0 {
					t.Fatalf("%d messages were written at once, want none", n)
				}
				end(t, h, beto)
				synctest.Wait()
				if n, took := len(heard.lines()), time.Since(began); n != 1 || took != 0 {
					t.Errorf("%d messages were written after %v, want the one at once", n, took)
				}
				say(t, ana, strings.Repeat("x", 32<<10))
				if took := time.Since(began); took != 0 {
					t.Errorf("the next message took %v, want no time", took)
				}
			})
		})
	}
}

// What was published ahead is written before its publisher waits for others.
func TestLagLeavesNothingLying(t *testing.T) {
	inLag(t, func(t *testing.T, _ *hub.Hub, ana, beto *hub.Member, heard *inbox) {
		t.Helper()
		sayAhead(t, ana, "oi")
		go say(t, ana, strings.Repeat("x", 32<<10))
		synctest.Wait()
		wantLines(t, "carla", heard, "oi")
		beto.Lag(false)
		synctest.Wait()
	})
}
