package storm_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"recado/internal/storm"
)

// lastWords begin the last message of each room.
const lastWords = "the last words of "

func isLast(data []byte) bool { return bytes.HasPrefix(data, []byte(lastWords)) }

// A guest is a client in this process.
type guest interface {
	live(ctx context.Context) // until it has heard the last words
	say(dice dice)
	busy() bool    // so much is under way that it had better not say more
	settled() bool // nothing is under way, and it will hear the last words
}

// A storming is one storm while it goes on.
type storming struct {
	t   *testing.T
	how scale

	book     *book
	relay    *relay
	proxy    *proxy
	bedroom  *proxy    // of the sleepers
	chatter  *goClient // in room 0, without a proxy
	sleeper  *goClient // one of them
	guests   []guest
	js       []*jsProcess
	resuming int // clients of recado.v1
	sleepers int // of them, those whose connections are all cut once, for long

	hush   chan struct{} // closed when all fall silent
	living sync.WaitGroup
	saying sync.WaitGroup
}

func newStorming(t *testing.T, how scale) *storming {
	t.Helper()
	s := &storming{t: t, how: how, book: newBook(), hush: make(chan struct{})}
	s.relay = newRelay(t, "--state", filepath.Join(t.TempDir(), "state"),
		"--history-messages", strconv.Itoa(how.history), "--history-bytes", "16MiB")
	s.proxy = newProxy(t, s.relay.address, how.life, s.newDice())
	s.bedroom = newProxy(t, s.relay.address, how.life, s.newDice())
	t.Cleanup(func() { // the context has ended
		s.saying.Wait()
		s.living.Wait()
	})
	return s
}

func (s *storming) newDice() dice { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }

// direct is the address of a room without a proxy.
func (s *storming) direct(room string) string { return "ws://" + s.relay.address + "/" + room }

func roomName(i int) string { return fmt.Sprint("room", i) }

// gather lets everybody come, and returns when each has been in its room.
func (s *storming) gather() {
	s.t.Helper()
	var js []jsClient
	for r := range s.how.rooms {
		room := roomName(r)
		for i := range s.how.raw {
			c := &rawClient{name: fmt.Sprintf("raw%d-%d", r, i), room: room, url: s.proxy.url(room), book: s.book}
			if i%2 == 1 {
				c.session = c.name + "-has-no-secrets-here"
				c.url += "?session=" + c.session
			}
			s.admit(c, true)
		}
		for i := range s.how.goes {
			c := newGoClient(s.t, fmt.Sprintf("go%d-%d", r, i), room, s.door(r, i).url(room), s.book)
			if s.sleeper == nil { // the first one is
				s.sleeper = c
			}
			s.admit(c, true)
		}
		for i := range s.how.js {
			js = append(js, jsClient{Name: fmt.Sprintf("js%d-%d", r, i), Room: room, URL: s.door(r, i).url(room)})
		}
	}
	s.chatter = newGoClient(s.t, "chatter", roomName(0), s.direct(roomName(0)), s.book)
	s.admit(s.chatter, false)
	for half := range 2 { // a process of Node has one thread
		s.js = append(s.js, newJSProcess(s.t, js[half*len(js)/2:(half+1)*len(js)/2], s.how.pause, s.book))
	}
	s.resuming = s.how.rooms*(s.how.goes+s.how.js) + 1
	everybody := s.resuming + s.how.rooms*s.how.raw
	until(s.t, "everybody", func() bool { return s.book.present() == everybody })
}

// door is the proxy of the ith client of its kind in a room: the first ones of room 0 are sleepers.
func (s *storming) door(room, i int) *proxy {
	if room == 0 && i == 0 {
		s.sleepers++
		return s.bedroom
	}
	return s.proxy
}

// admit lets the client live, and speak once in a while until hush.
func (s *storming) admit(c guest, speaks bool) {
	s.guests = append(s.guests, c)
	s.living.Go(func() { c.live(s.t.Context()) })
	if !speaks {
		return
	}
	dice := s.newDice()
	s.saying.Go(func() {
		for {
			select {
			case <-s.hush:
				return
			case <-s.t.Context().Done():
				return
			case <-time.After(time.Duration(dice.ExpFloat64() * float64(s.how.pause))):
				if !c.busy() {
					c.say(dice)
				}
			}
		}
	})
}

// blow lets the storm go on for a while, and until enough clients have been cut off and come back.
func (s *storming) blow(when string) {
	s.t.Helper()
	recovered := func() int { return s.book.count("recovered") }
	enough := recovered() + s.how.resumes
	pause(s.t.Context(), s.how.length)
	until(s.t, "clients that resume "+when, func() bool { return recovered() >= enough })
}

// fallAsleep cuts some clients off for long. One of them has said something then of which it got no ack.
func (s *storming) fallAsleep() {
	s.t.Helper()
	s.bedroom.setCalm(true)
	s.sleeper.sayText("good night")
	until(s.t, "a connection that stays", s.sleeper.settled)
	s.bedroom.mute.Store(true)
	const words = "is anybody still awake?"
	s.sleeper.sayText(words)
	until(s.t, "the sleeper's words", func() bool { return s.book.heard(s.chatter.name, words) })
	s.bedroom.setShut(true)
}

// wake lets them come back when their room has said more than it keeps.
func (s *storming) wake() {
	s.t.Helper()
	dice := s.newDice()
	for range s.how.history + 50 {
		s.chatter.say(dice)
	}
	until(s.t, "the acks of the chatter", s.chatter.settled)
	expired, duplicates := s.book.count("gap expired")+s.sleepers, s.book.count("duplicate ack")
	s.bedroom.mute.Store(false)
	s.bedroom.setShut(false)
	until(s.t, "the sleepers", func() bool {
		return s.book.count("gap expired") >= expired && s.book.count("duplicate ack") > duplicates
	})
	s.bedroom.setCalm(false)
}

// calmDown lets no connection break any more, and then everybody leave.
func (s *storming) calmDown() {
	s.t.Helper()
	s.proxy.setCalm(true)
	s.bedroom.setCalm(true)
	s.disperse()
}

// disperse lets all fall silent, hear the last words of their room, and leave.
func (s *storming) disperse() {
	s.t.Helper()
	close(s.hush)
	s.saying.Wait()
	for _, p := range s.js {
		p.hush()
	}
	for _, c := range s.guests {
		until(s.t, "what is under way", c.settled)
	}
	for _, p := range s.js {
		until(s.t, "what is under way in Node", p.settled)
	}
	for r := range s.how.rooms {
		room := roomName(r)
		c := newGoClient(s.t, "last in "+room, room, s.direct(room), s.book)
		s.admit(c, false)
		c.sayText(lastWords + room)
		c.finish(s.t.Context())
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		s.living.Wait()
		for _, p := range s.js {
			p.orders.Close()
			<-p.ended
		}
	}()
	select {
	case <-left:
	case <-time.After(patience):
		s.t.Errorf("%d clients have not read to the end", s.book.present()+s.how.rooms-s.book.count(storm.Done))
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
