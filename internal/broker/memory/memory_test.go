package memory_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"recado"
	"recado/internal/broker/brokertest"
	"recado/internal/broker/memory"
)

func TestBroker(t *testing.T) {
	brokertest.Run(t, func(_ *testing.T, l recado.Limits) recado.Broker { return memory.New(l) })
}

func TestEpochsDiffer(t *testing.T) {
	one, _ := memory.New(recado.Limits{}).Position(t.Context(), "ops")
	two, _ := memory.New(recado.Limits{}).Position(t.Context(), "ops")
	if one.Epoch == two.Epoch {
		t.Errorf("two brokers have the same epoch %q", one.Epoch)
	}
	if p, err := recado.ParsePosition(one.String()); err != nil || p != one {
		t.Errorf("ParsePosition(%q) = %v, %v", one, p, err)
	}
}

// Rooms come and go and lose their history while others publish in them; whoever is there hears what it says.
func TestRoomsComeAndGo(t *testing.T) {
	for name, l := range map[string]recado.Limits{
		"without history": {HistoryMessages: recado.Off},
		"scarce":          {HistoryTotalBytes: 2000},
	} {
		t.Run(name, func(t *testing.T) {
			b := memory.New(l)
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					for j := range 300 {
						visit(t, b, fmt.Sprint("room", (i+j)%3), recado.MemberID{byte(i + 1)})
					}
				})
			}
			all.Wait()
		})
	}
}

// visit joins the room, says something and leaves.
func visit(t *testing.T, b *memory.Broker, room string, visitor recado.MemberID) {
	t.Helper()
	heard := new(ear)
	from, stop, err := b.Subscribe(t.Context(), room, heard)
	if err != nil {
		t.Errorf("Subscribe = %v", err)
		return
	}
	m := recado.Message{Room: room, Sender: visitor, Kind: recado.Text, Data: []byte("x")}
	receipt, err := b.Publish(t.Context(), m)
	stop()
	if err != nil || !slices.Contains(heard.receipts, receipt) {
		t.Errorf("Publish = %+v, %v, heard %+v", receipt, err, heard.receipts)
	}
	for last := from.Seq; len(heard.receipts) > 0; heard.receipts = heard.receipts[1:] {
		if heard.receipts[0].Prev != last {
			t.Errorf("after seq %d came %+v", last, heard.receipts[0])
		}
		last = heard.receipts[0].Seq
	}
}

// An ear remembers the places of the messages.
type ear struct{ receipts []recado.Receipt }

func (e *ear) Deliver(m *recado.Message) {
	e.receipts = append(e.receipts, recado.Receipt{Seq: m.Seq, Prev: m.Prev})
}

func (*ear) Flush() {}

func BenchmarkPublish(b *testing.B) {
	broker := memory.New(recado.Limits{})
	_, _, err := broker.Subscribe(b.Context(), "ops", silent{})
	if err != nil {
		b.Fatal(err)
	}
	m := recado.Message{Room: "ops", Kind: recado.Text, Data: make([]byte, 64)}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = broker.Publish(b.Context(), m)
	}
}

func BenchmarkReadAfter(b *testing.B) {
	broker := memory.New(recado.Limits{})
	for range 200 {
		_, _ = broker.Publish(b.Context(), recado.Message{Room: "ops", Kind: recado.Text, Data: make([]byte, 64)})
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = broker.ReadAfter(b.Context(), "ops", recado.Position{}, 200)
	}
}

// silent subscribes and does nothing.
type silent struct{}

func (silent) Deliver(*recado.Message) {}
func (silent) Flush()                  {}
