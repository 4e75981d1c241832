package hub_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
)

// A relayModel drives a hub with random joins, leaves and messages, some while a flush is held up, and
// remembers what each member has to hear.
type relayModel struct {
	hub       *hub.Hub
	encodings []*lines
	delivered chan struct{}
	held      bool
	sends     sync.WaitGroup
	count     int
	present   []*modelMember
	gone      []*modelMember
}

type modelMember struct {
	member *hub.Member
	inbox  *inbox
	echo   bool
	want   []string
}

// announcing is a broker that tells when a message has been delivered to the hub, before it is flushed.
type announcing struct {
	recado.Broker

	delivered chan struct{}
}

func (a announcing) Subscribe(
	ctx context.Context, room string, s recado.Subscriber,
) (recado.Position, func(), error) {
	return a.Broker.Subscribe(ctx, room, announcingSubscriber{s, a.delivered})
}

type announcingSubscriber struct {
	recado.Subscriber

	delivered chan struct{}
}

func (s announcingSubscriber) Deliver(m *recado.Message) {
	s.Subscriber.Deliver(m)
	s.delivered <- struct{}{}
}

func (r *relayModel) join(t *rapid.T) {
	r.count++
	c := &modelMember{inbox: new(inbox), echo: rapid.Bool().Draw(t, "echo")}
	e := rapid.SampledFrom(r.encodings).Draw(t, "encoding")
	c.member = &hub.Member{
		ID: recado.NewMemberID(fmt.Append(nil, r.count)), Echo: c.echo, Encoding: e, Conn: c.inbox,
	}
	if _, err := r.hub.Join(t.Context(), "ops", c.member); err != nil {
		t.Fatalf("Join = %v", err)
	}
	c.member.Attach()
	r.present = append(r.present, c)
}

func (r *relayModel) leave(t *rapid.T) {
	if len(r.present) == 0 {
		return // nobody there
	}
	i := rapid.IntRange(0, len(r.present)-1).Draw(t, "who")
	c := r.present[i]
	r.present = slices.Delete(r.present, i, i+1)
	r.gone = append(r.gone, c)
	if left := c.member.Leave(false); left != len(r.present) {
		t.Fatalf("Leave() = %d, want %d", left, len(r.present))
	}
}

func (r *relayModel) send(t *rapid.T) {
	if len(r.present) == 0 {
		return // nobody there
	}
	from := rapid.SampledFrom(r.present).Draw(t, "who")
	size := rapid.IntRange(0, 100_000).Draw(t, "size")
	if r.held {
		size %= 100 // what is held has to fit one batch
	}
	r.count++
	text := fmt.Sprint(r.count, strings.Repeat("x", size))
	for _, c := range r.present {
		if c != from || c.echo {
			c.want = append(c.want, text)
		}
	}
	r.sends.Go(func() { _, _ = from.member.Publish(t.Context(), recado.Message{Kind: recado.Text, Data: []byte(text)}) })
	<-r.delivered
	if !r.held {
		r.sends.Wait()
	}
}

// hold makes flushes wait, release lets them go on.
func (r *relayModel) hold(*rapid.T) {
	if !r.held {
		for _, e := range r.encodings {
			e.gate.Lock()
		}
	}
	r.held = true
}

func (r *relayModel) release(*rapid.T) {
	if r.held {
		for _, e := range r.encodings {
			e.gate.Unlock()
		}
	}
	r.held = false
	r.sends.Wait()
}

func (r *relayModel) check(t *rapid.T) {
	if r.held {
		return
	}
	for i, c := range r.present {
		for len(c.inbox.lines()) < len(c.want) && r.stillWriting() {
		}
		if got := c.inbox.lines(); !slices.Equal(got, c.want) {
			t.Fatalf("member %d got %.60q, want %.60q", i, got, c.want)
		}
	}
	for i, c := range r.gone { // they may miss the end
		if got := c.inbox.lines(); len(got) > len(c.want) || !slices.Equal(got, c.want[:len(got)]) {
			t.Fatalf("member %d, who left, got %.60q, want the beginning of %.60q", i, got, c.want)
		}
	}
}

// stillWriting gives a flush that was handed on to another goroutine its time.
func (r *relayModel) stillWriting() bool {
	r.count++
	return r.count%100_000 != 0
}

// Promises 1, 2 and 7: for any interleaving, each member hears all that the others say while it is there,
// once, in one order, and nothing of its own.
func TestAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delivered := make(chan struct{}, 1)
		r := &relayModel{encodings: []*lines{new(lines), new(lines)}, delivered: delivered}
		r.hub = hub.New(announcing{memory.New(recado.Limits{}), delivered}, recado.Limits{})
		defer r.release(nil)
		t.Repeat(map[string]func(*rapid.T){
			"join": r.join, "leave": r.leave, "send": r.send, "hold": r.hold, "release": r.release, "": r.check,
		})
		r.release(t)
		r.check(t)
	})
}
