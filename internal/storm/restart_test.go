package storm_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"recado/internal/storm"
)

// A crowd is who is connected when the server is restarted.
type crowd struct {
	rooms, each int           // clients of each room
	rate        int           // messages a second that all of them say together
	length      time.Duration // of the talk before the restart, and after it
}

var (
	handful = crowd{rooms: 10, each: 10, rate: 100, length: time.Second}
	throng  = crowd{rooms: 100, each: 20, rate: 200, length: 5 * time.Second}
)

// TestRestart restarts the server as its operator does, while everybody talks. Nobody must lose or hear anything twice,
// everybody must go on exactly where it was, and they must not come back all at once.
func TestRestart(t *testing.T) {
	how := handful
	if *full {
		how = throng
	}
	s := &storming{t: t, how: scale{rooms: how.rooms}, book: newBook(), hush: make(chan struct{})}
	s.relay = newRelay(t, "--state", filepath.Join(t.TempDir(), "state"))
	t.Cleanup(func() { // the context has ended
		s.saying.Wait()
		s.living.Wait()
	})
	defer s.book.check(t)
	for r := range how.rooms {
		for i := range how.each {
			room := roomName(r)
			s.admit(newGoClient(t, fmt.Sprintf("go%d-%d", r, i), room, s.direct(room), s.book), false)
		}
	}
	everybody := len(s.guests)
	until(t, "everybody", func() bool { return s.book.present() == everybody })
	s.chat(how.rate)
	pause(t.Context(), how.length)

	said := s.book.count(storm.Send)
	began := time.Now()
	back := s.watchReturns(everybody)
	s.relay.stop(syscall.SIGTERM)
	stopped := time.Since(began)
	s.relay.start()
	started := time.Since(began)
	returns := <-back
	returned := time.Since(began)
	said = s.book.count(storm.Send) - said
	pause(t.Context(), how.length)
	s.disperse()

	busiest, mean := busiestSecond(returns)
	t.Logf("%d clients: stopped after %v, up again after %v, all back after %v, %d messages said meanwhile; "+
		"%d came back in the busiest second, %.0f a second on average", everybody, stopped.Round(time.Millisecond),
		started.Round(time.Millisecond), returned.Round(time.Millisecond), said, busiest, mean)
	count := s.book.count
	t.Logf("%d published, %d acked, %d delivered, %d resumed, %d sent again and recognised",
		count(storm.Send), count(storm.Ack), count(storm.Message), count("recovered"), count("duplicate ack"))
	for _, what := range []string{"gap epoch", "gap expired", "gap slow", "lost unsent", "lost uncertain"} {
		if n := count(what); n > 0 {
			t.Errorf("%d of %q, want none", n, what)
		}
	}
	if got := count("recovered"); got != everybody {
		t.Errorf("%d clients have resumed, want each of %d once", got, everybody)
	}
	if float64(busiest) > 3*mean {
		t.Errorf("%d clients came back within one second, want at most three times %.0f", busiest, mean)
	}
}

// chat lets one client after the other say something until hush, so many times a second.
func (s *storming) chat(rate int) {
	choice := s.newDice()
	s.saying.Go(func() {
		for due := time.Now(); ; due = due.Add(time.Second / time.Duration(rate)) {
			select {
			case <-s.hush:
				return
			case <-s.t.Context().Done():
				return
			case <-time.After(time.Until(due)):
				s.guests[choice.IntN(len(s.guests))].say(choice)
			}
		}
	})
}

// watchReturns notes when each client has resumed, and sends the times when all have, or when it is clear that some
// never will.
func (s *storming) watchReturns(all int) <-chan []time.Time {
	done := make(chan []time.Time, 1)
	s.saying.Go(func() {
		var at []time.Time
		for end := time.Now().Add(patience); len(at) < all && time.Now().Before(end) && s.t.Context().Err() == nil; {
			for range s.book.count("recovered") - len(at) {
				at = append(at, time.Now())
			}
			pause(s.t.Context(), 5*time.Millisecond)
		}
		done <- at
	})
	return done
}

// busiestSecond is how many of the times, which are in order, lie within any one second, and how many do on average.
func busiestSecond(times []time.Time) (most int, mean float64) {
	if len(times) == 0 {
		return 0, 0
	}
	first := 0
	for i, t := range times {
		for t.Sub(times[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	span := max(times[len(times)-1].Sub(times[0]), time.Second)
	return most, float64(len(times)) / span.Seconds()
}
