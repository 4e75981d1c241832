package loadgen_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"recado/internal/loadgen"
)

// obey does what a client of recado.v1 says.
func (r *relay) obey(from int, payload []byte) {
	var command struct{ Type, ID, Text string }
	if err := json.Unmarshal(payload, &command); err != nil {
		return
	}
	switch {
	case command.Type == "hello" && r.refuses != "":
		r.answer(from, fmt.Sprintf(`{"type":"error","code":%q,"message":"not like this"}`, r.refuses))
	case command.Type == "hello":
		r.answer(from, `{"type":"welcome","room":"room"}`)
		r.answer(from, `{"type":"join","member":{"id":"m1","name":"ana"}}`)
	case command.Type == "publish":
		r.relay(from, ws.NewTextFrame(fmt.Appendf(nil, `{"type":"message","seq":2,"prev":1,"time":"2026-11-22T12:00:00.123Z",`+
			`"from":{"id":"m1","name":"ana"},"text":%q}`, command.Text)))
		r.answer(from, fmt.Sprintf(`{"type":"ack","id":%q,"seq":2,"prev":1}`, command.ID))
	}
}

func (r *relay) answer(to int, event string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ws.WriteFrame(r.members[to], ws.NewTextFrame([]byte(event)))
}

func TestRunV1(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*loadgen.Config)
	}{
		{"as it is", func(*loadgen.Config) {}},
		{"large", func(c *loadgen.Config) { c.Size = 100_000 }},
		{"rooms", func(c *loadgen.Config) { c.Rooms = 3 }},
		{"open loop", func(c *loadgen.Config) { c.Rate = 500 }},
		{"coming and going", func(c *loadgen.Config) { c.Churn = 200 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := relay{speaks: loadgen.V1}
			r.start(t)
			c := quick(r.url)
			c.Protocol = loadgen.V1
			tt.change(&c)
			got, err := heard(t, c)
			if err != nil || got.Deliveries == 0 || got.Faults() > 0 || got.Latency.TotalCount() != got.Deliveries {
				t.Errorf("Run: %+v, %v, want deliveries without faults", got, err)
			}
			if got.Churn != nil && got.Churn.Joins.TotalCount() == 0 {
				t.Error("nobody has come and gone")
			}
		})
	}
}

func TestIdleV1(t *testing.T) {
	r := relay{speaks: loadgen.V1}
	r.start(t)
	c := quick(r.url)
	c.Protocol, c.Settle = loadgen.V1, 10*time.Millisecond
	if got, err := loadgen.Idle(t.Context(), c); err != nil || got.Connections != 10 {
		t.Errorf("Idle: %+v, %v, want 10 connections", got, err)
	}
}

func TestRunV1Refused(t *testing.T) {
	t.Run("the server knows no subprotocol", func(t *testing.T) {
		var r relay
		r.start(t)
		c := quick(r.url)
		c.Protocol = loadgen.V1
		if _, err := loadgen.Run(t.Context(), c); !errors.Is(err, loadgen.ErrProtocol) {
			t.Errorf("Run: %v, want %v", err, loadgen.ErrProtocol)
		}
	})
	t.Run("the server answers with an error", func(t *testing.T) {
		r := relay{speaks: loadgen.V1, refuses: "session_invalid"}
		r.start(t)
		c := quick(r.url)
		c.Protocol = loadgen.V1
		if _, err := loadgen.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "session_invalid: not like this") {
			t.Errorf("Run: %v, want the server's error", err)
		}
	})
	t.Run("the server reads more slowly", func(t *testing.T) {
		r := relay{speaks: loadgen.V1, refuses: "rate_limited"}
		r.start(t)
		c := quick(r.url)
		c.Protocol = loadgen.V1
		if got, err := loadgen.Run(t.Context(), c); err != nil || got.Faults() > 0 {
			t.Errorf("Run: %+v, %v, want no fault", got, err)
		}
	})
}
