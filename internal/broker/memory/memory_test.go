package memory_test

import (
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

// silent subscribes and does nothing.
type silent struct{}

func (silent) Deliver(*recado.Message) {}
func (silent) Flush()                  {}
