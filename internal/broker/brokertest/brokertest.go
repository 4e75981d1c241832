// Package brokertest is the contract of recado.Broker as tests. Each broker passes them.
package brokertest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"recado"
)

// patience bounds each wait for something that has to happen.
const patience = 10 * time.Second

// Run runs the suite; open makes a broker that nobody else uses, with these limits of the history.
func Run(t *testing.T, open func(t *testing.T, l recado.Limits) recado.Broker) {
	t.Helper()
	small := recado.Limits{HistoryMessages: 5}
	for name, test := range map[string]struct {
		limits recado.Limits
		run    func(*testing.T, recado.Broker)
	}{
		"a publish is delivered and flushed":   {run: testDelivered},
		"seq rises and prev chains each room":  {run: testChain},
		"all subscribers see one order":        {run: testOneOrder},
		"a sender keeps its order":             {run: testSenderOrder},
		"a room does not hear another":         {run: testRooms},
		"a stopped subscriber hears no more":   {run: testStop},
		"a position is where delivery goes on": {run: testPosition},
		"one epoch holds for all rooms":        {run: testEpoch},
		"time is the broker's":                 {run: testTime},
		"the publisher's buffer is its own":    {run: testOwnership},
		"an ephemeral message is only heard":   {run: testEphemeral},
		"nothing works after close":            {run: testClose},

		"history is read as it was delivered":    {run: testHistory},
		"history is kept when nobody listens":    {run: testNobodyListens},
		"reading after a position":               {run: testReadAfter},
		"reading before a position":              {run: testReadBefore},
		"only the chain proves that all follows": {run: testUnproven},
		"a trimmed history does not prove it":    {limits: small, run: testTrimmed},
		"history and subscription meet":          {run: testMeet},
		"a page stays as it is":                  {limits: small, run: testPageStays},

		"a message that is sent again is known":    {run: testAgain},
		"of many that are the same one is kept":    {run: testAgainAtOnce},
		"only a sender's own ids in a room matter": {run: testOtherIDs},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, test.limits)
			t.Cleanup(func() { _ = b.Close() })
			test.run(t, b)
		})
	}
}

// A recorder is a subscriber that remembers; it fails the test when Deliver is called concurrently.
type recorder struct {
	t *testing.T

	busy sync.Mutex // held during Deliver
	mu   sync.Mutex // guards what follows
	got  []recado.Message
	due  int // delivered and not flushed
	cond *sync.Cond
}

func subscribe(t *testing.T, b recado.Broker, room string) (r *recorder, from recado.Position, stop func()) {
	t.Helper()
	r = &recorder{t: t}
	r.cond = sync.NewCond(&r.mu)
	from, stop, err := b.Subscribe(t.Context(), room, r)
	if err != nil {
		t.Fatalf("Subscribe(%q) = %v", room, err)
	}
	t.Cleanup(stop)
	return r, from, stop
}

func (r *recorder) Deliver(m *recado.Message) {
	if !r.busy.TryLock() {
		r.t.Error("Deliver called while another call runs")
		return
	}
	defer r.busy.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := *m
	kept.Data = slices.Clone(m.Data)
	r.got = append(r.got, kept)
	r.due++
}

func (r *recorder) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = 0
	r.cond.Broadcast()
}

// wait returns the messages once there are n of them and all are flushed.
func (r *recorder) wait(n int) []recado.Message {
	r.t.Helper()
	late := time.AfterFunc(patience, r.cond.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(patience)
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.got) < n || r.due > 0 {
		if time.Now().After(deadline) {
			r.t.Fatalf("%d messages delivered, %d of them not flushed, want %d", len(r.got), r.due, n)
		}
		r.cond.Wait()
	}
	return slices.Clone(r.got)
}

func publish(t *testing.T, b recado.Broker, room, sender, text string) recado.Receipt {
	t.Helper()
	return send(t, b, recado.Message{Room: room, Sender: member(sender), Kind: recado.Text, Data: []byte(text)})
}

func send(t *testing.T, b recado.Broker, m recado.Message) recado.Receipt {
	t.Helper()
	receipt, err := b.Publish(t.Context(), m)
	if err != nil {
		t.Errorf("Publish(%q, %q) = %v", m.Room, m.Data, err)
	}
	return receipt
}

func member(name string) recado.MemberID { return recado.NewMemberID([]byte(name)) }
