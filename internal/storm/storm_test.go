package storm_test

import (
	"flag"
	"os"
	"syscall"
	"testing"
	"time"

	"recado/internal/storm"
)

var full = flag.Bool("full", false, "let TestStorm and TestRestart be as big as make storm and make restart have them")

// A scale is how big a storm is.
type scale struct {
	rooms, raw, goes, js int           // clients of each room
	history              int           // messages that the server keeps of a room
	pause                time.Duration // between two messages of one client, on average
	life                 time.Duration // of a connection, on average
	length               time.Duration // of each of the three parts: before, between and after the restarts
	resumes              int           // without a gap, that there are to be in each part
}

var (
	breeze = scale{
		rooms: 3, raw: 3, goes: 4, js: 3, history: 400, resumes: 15,
		pause: 100 * time.Millisecond, life: time.Second, length: 1500 * time.Millisecond,
	}
	gale = scale{
		rooms: 5, raw: 30, goes: 40, js: 30, history: 1000, resumes: 1000,
		pause: 5 * time.Second, life: 5 * time.Second, length: 20 * time.Second,
	}
)

// TestStorm lets clients of all kinds talk while their connections are cut all the time and the server is
// restarted, once with its history and once without, and then looks whether any promise was broken.
func TestStorm(t *testing.T) {
	how := breeze
	if *full {
		how = gale
	}
	s := newStorming(t, how)
	defer s.book.check(t) // also when a wait was in vain
	s.gather()
	s.blow("before the restarts")
	s.fallAsleep()
	s.relay.stop(syscall.SIGTERM)
	s.relay.start()
	s.wake()
	s.blow("after the graceful restart")
	s.relay.stop(os.Kill)
	s.relay.start()
	s.blow("after the kill")
	s.calmDown()
	s.judge()
}

// judge looks whether there was a storm at all, and whether there were no more gaps than there had to be.
func (s *storming) judge() {
	s.t.Helper()
	count := s.book.count
	s.t.Logf("%d clients: %d published, %d acked, %d delivered; %d connections cut, 2 restarts, %d resumed without a gap, "+
		"with a gap: %d epoch, %d expired, %d slow; %d sent again and recognised, %d uncertain",
		count(storm.Done), count(storm.Send), count(storm.Ack), count(storm.Message), s.proxy.cuts.Load(),
		count("recovered"), count("gap epoch"), count("gap expired"), count("gap slow"),
		count("duplicate ack"), count("lost uncertain"))
	if got, want := count("gap epoch"), s.resuming; got != want {
		s.t.Errorf("%d gaps of reason epoch, want one of each of %d clients", got, want)
	}
	if got := count("gap expired"); got < s.sleepers {
		s.t.Errorf("%d gaps of reason expired, want one of each of %d sleepers", got, s.sleepers)
	}
	if got := count("lost unsent"); got != 0 {
		s.t.Errorf("%d messages never sent", got)
	}
	if got, want := s.proxy.cuts.Load(), int64(3*s.how.resumes); got < want {
		s.t.Errorf("%d connections cut, want %d", got, want)
	}
	replay := map[string]int{} // of a client's last welcome
	for _, e := range s.book.events {
		if e.Do == storm.Welcome {
			replay[e.Client] = e.Replay
		}
		if e.Reason == "expired" && replay[e.Client] < s.how.history {
			s.t.Errorf("%s: a gap up to %d, the room kept only %d messages after it", e.Client, e.To, replay[e.Client])
		}
	}
}
