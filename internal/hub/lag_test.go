package hub_test

import (
	"strconv"
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

// joinFrom makes a member, on this machine or another, of the room ops.
func joinFrom(t *testing.T, h *hub.Hub, name string, e hub.Encoding, local bool) *hub.Member {
	t.Helper()
	m := &hub.Member{ID: recado.NewMemberID([]byte(name)), Encoding: e, Conn: new(inbox), Local: local}
	if _, err := h.Join(t.Context(), "ops", m); err != nil {
		t.Fatal(err)
	}
	m.Attach()
	return m
}

// The more of a room lag, the slower can be said much in it, and while nobody keeps up, nothing. Those on other machines
// slow it down only so far, and who has little to say notices nothing.
func TestLagPace(t *testing.T) {
	const step, steps = 16 << 10, 64 // 1 MiB in all
	for name, tt := range map[string]struct {
		keep, lag, afar int
		took            time.Duration
	}{
		"nobody lags":             {2, 0, 0, 0},
		"one of two":              {1, 1, 0, time.Second},
		"one of two, afar":        {1, 0, 1, time.Second},
		"most":                    {1, 4, 0, 4 * time.Second},
		"most, some of them afar": {1, 3, 1, time.Second},
		"a tenth":                 {9, 1, 0, time.Second},
		"a few of many":           {80, 1, 0, time.Second / 5},
		"all, and afar":           {0, 0, 1, time.Second},
		"all, who never catch up": {0, 1, 0, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, e, seen := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines), new(tally)
				h.Observe(seen)
				ana, _ := join(t, h, "ops", "ana", e, false)
				for i := range tt.keep + tt.lag + tt.afar {
					joinFrom(t, h, strconv.Itoa(i), e, i < tt.keep+tt.lag).Lag(i >= tt.keep)
				}
				began := time.Now()
				if tt.keep > 0 {
					say(t, ana, "oi")
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("a word took %v, want no time", took)
				}
				for range steps {
					say(t, ana, strings.Repeat("x", step))
				}
				took := time.Since(began)
				if took < tt.took-tt.took/10 || took > tt.took+tt.took/10 {
					t.Errorf("1 MiB took %v, want %v", took, tt.took)
				}
				if seen.held != took {
					t.Errorf("told of %v, want the %v that it took", seen.held, took)
				}
			})
		})
	}
}

// One large message does not have to wait as long as many small ones.
func TestLagPauseIsBounded(t *testing.T) {
	inLag(t, func(t *testing.T, _ *hub.Hub, ana, _ *hub.Member, _ *inbox) {
		t.Helper()
		began := time.Now()
		say(t, ana, strings.Repeat("x", 4<<20))
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("4 MiB took %v while somebody lags, want 100 ms at most", took)
		}
	})
}

// Many small messages are held to the same pace, although none of them is worth a pause.
func TestLagPaceOfSmallMessages(t *testing.T) {
	inLag(t, func(t *testing.T, _ *hub.Hub, ana, _ *hub.Member, _ *inbox) {
		t.Helper()
		const cost, overhead = 256, 64
		began := time.Now()
		for range 1 << 20 / cost {
			say(t, ana, strings.Repeat("x", cost-overhead))
		}
		if took := time.Since(began); took < 900*time.Millisecond || took > 1100*time.Millisecond {
			t.Errorf("1 MiB took %v, want a second", took)
		}
	})
}

// Who waits is not read meanwhile, and is not to miss a ping for that.
func TestLagPauseLeavesTimeForPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := recado.Limits{QueueStall: time.Minute, PingTimeout: 3 * time.Second}
		h, e := hub.New(memory.New(limits), limits), new(lines)
		ana, _ := join(t, h, "ops", "ana", e, false)
		beto := joinFrom(t, h, "beto", e, true)
		beto.Lag(true)
		began := time.Now()
		say(t, ana, "oi")
		if took := time.Since(began); took != limits.PingTimeout {
			t.Errorf("a word took %v, want %v", took, limits.PingTimeout)
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

// Nobody waits for itself.
func TestOwnLag(t *testing.T) {
	inLag(t, func(t *testing.T, _ *hub.Hub, _, beto *hub.Member, _ *inbox) {
		t.Helper()
		began := time.Now()
		say(t, beto, strings.Repeat("x", 1<<20))
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v to be heard by those who keep up, want no time", took)
		}
	})
}

// Who never catches up is waited for once, and who has caught up is waited for again.
func TestLagPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, e := hub.New(memory.New(recado.Limits{}), recado.Limits{}), new(lines)
		ana, _ := join(t, h, "ops", "ana", e, false)
		beto := joinFrom(t, h, "beto", e, true)
		for range 2 {
			beto.Lag(true)
			for _, want := range []time.Duration{5 * time.Second, 0, 0} {
				began := time.Now()
				say(t, ana, "oi")
				if took := time.Since(began); took != want {
					t.Errorf("a word took %v, want %v", took, want)
				}
			}
			beto.Lag(false)
		}
	})
}
