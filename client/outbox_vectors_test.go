package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

// An outboxStep is one of testdata/outbox.json, which explains itself.
type outboxStep struct {
	Do           string             `json:"do"`
	Text         string             `json:"text"`
	Bytes        int                `json:"bytes"`
	Ephemeral    bool               `json:"ephemeral"`
	Hello        map[string]*string `json:"hello"`
	Welcome      map[string]any     `json:"welcome"`
	Of           string             `json:"of"`
	Seq          uint64             `json:"seq"`
	Prev         uint64             `json:"prev"`
	Duplicate    bool               `json:"duplicate"`
	Reason       string             `json:"reason"`
	From         uint64             `json:"from"`
	To           uint64             `json:"to"`
	Position     string             `json:"position"`
	Code         any                `json:"code"` // a close code, or an error's
	RetryAfter   int                `json:"retry_after_ms"`
	ReconnectAft int                `json:"reconnect_after_ms"`
	MS           int                `json:"ms"`

	Written []string          `json:"written"`
	Settled map[string]string `json:"settled"`
}

func TestOutboxVectors(t *testing.T) {
	var vectors struct {
		Capacity int
		Age      int `json:"age_ms"`
		Cases    []struct {
			Name  string
			Steps []outboxStep
		}
	}
	readVectors(t, "../testdata/outbox.json", &vectors)
	if vectors.Capacity != 50 || vectors.Age != 600_000 {
		t.Errorf("the vectors are of an outbox of %d messages and %d ms", vectors.Capacity, vectors.Age)
	}
	for _, tt := range vectors.Cases {
		t.Run(tt.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &outboxRun{t: t, ids: map[string]string{}, settled: make(chan [2]string, 100)}
				r.server, r.client = opened(t, client.Config{Random: func() float64 { return 0 }})
				go drain(r.client)
				for i, step := range tt.Steps {
					r.do(step)
					synctest.Wait()
					if got := r.written(); !slices.Equal(got, step.Written) {
						t.Errorf("step %d, %s: written %q, want %q", i+1, step.Do, got, step.Written)
					}
					got := map[string]string{}
					for len(r.settled) > 0 {
						s := <-r.settled
						got[s[0]] = s[1]
					}
					if !maps.Equal(got, step.Settled) {
						t.Errorf("step %d, %s: settled %q, want %q", i+1, step.Do, got, step.Settled)
					}
				}
				r.client.Close()
			})
		})
	}
}

// An outboxRun is a case under way.
type outboxRun struct {
	t       *testing.T
	server  *server
	client  *client.Client
	peer    *peer
	ids     map[string]string // by text
	settled chan [2]string    // text and outcome
}

func (r *outboxRun) do(s outboxStep) {
	switch s.Do {
	case "publish":
		r.publish(s)
	case "connected":
		var hello v1.Hello
		r.peer, hello = r.server.accept()
		for field, want := range s.Hello {
			got := map[string]string{"session": hello.Session, "since": ""}[field]
			if field == "since" && hello.Since != (recado.Position{}) {
				got = hello.Since.String()
			}
			if want == nil && got != "" || want != nil && got != padded(field, *want) {
				r.t.Errorf("hello has the %s %q", field, got)
			}
		}
		welcome := maps.Clone(s.Welcome)
		welcome["type"], welcome["member_count"] = "welcome", 1
		welcome["session"] = padded("session", fmt.Sprint(welcome["session"]))
		r.tell(welcome)
	case "message":
		r.tell(map[string]any{"type": "message", "seq": s.Seq, "prev": s.Prev, "time": "2026-11-22T12:00:00.000Z", "from": map[string]string{"name": "beto"}, "text": "x"})
	case "ack":
		ack := map[string]any{"type": "ack", "seq": s.Seq, "prev": s.Prev, "duplicate": s.Duplicate}
		if s.Of != "" {
			ack["id"] = r.ids[s.Of]
		}
		r.tell(ack)
	case "gap":
		gap := map[string]any{"type": "gap", "reason": s.Reason, "position": s.Position}
		if s.To > 0 {
			gap["from"], gap["to"] = s.From, s.To
		}
		r.tell(gap)
	case "error":
		r.tell(map[string]any{"type": "error", "code": s.Code, "message": "x", "id": r.ids[s.Of], "retry_after_ms": s.RetryAfter})
	case "drain":
		r.tell(map[string]any{"type": "drain", "reconnect_after_ms": s.ReconnectAft})
	case "join":
		r.peer.tell(v1.Presence{Change: v1.Joined, Member: v1.Member(beto)})
	case "lost":
		if code, _ := s.Code.(float64); code != 1006 {
			r.peer.close(recado.CloseCode(code), "")
			synctest.Wait()
		}
		r.peer.conn.Close()
	case "pass":
		time.Sleep(time.Duration(s.MS) * time.Millisecond)
	case "close":
		r.client.Close()
	default:
		r.t.Fatalf("nobody has said what %q is", s.Do)
	}
}

// padded makes a session of the vectors one that a server takes.
func padded(field, value string) string {
	if field == "session" {
		return value + strings.Repeat("-", 22)
	}
	return value
}

func (r *outboxRun) tell(fields map[string]any) {
	frame, err := json.Marshal(fields)
	if err != nil {
		r.t.Fatal(err)
	}
	r.peer.send(ws.OpText, string(frame))
}

func (r *outboxRun) publish(s outboxStep) {
	o := client.Outgoing{Text: s.Text, Ephemeral: s.Ephemeral}
	if s.Bytes > 0 {
		o.Text += strings.Repeat(".", s.Bytes-len(o.Text))
	}
	if r.client.Waiting() == 50 { // Publish would wait
		if _, err := r.client.TrySend(o); err != nil {
			r.settled <- [2]string{s.Text, outcome(client.Receipt{}, err)}
		}
		return
	}
	go func() {
		receipt, err := r.client.Publish(r.t.Context(), o)
		r.settled <- [2]string{s.Text, outcome(receipt, err)}
	}()
}

func outcome(r client.Receipt, err error) string {
	refused, fault := new(client.RefusedError), new(client.ServerError)
	switch {
	case errors.Is(err, client.ErrUncertain):
		return "uncertain"
	case errors.Is(err, client.ErrExpired):
		return "expired"
	case errors.Is(err, client.ErrOutboxFull):
		return "full"
	case errors.Is(err, client.ErrTooBig):
		return "message_too_big"
	case errors.Is(err, client.ErrOffline):
		return "dropped"
	case errors.As(err, &refused):
		return "refused"
	case errors.Is(err, client.ErrClosed):
		return "closed"
	case errors.As(err, &fault):
		return fault.Code
	case err != nil:
		return err.Error()
	case r == client.Receipt{}:
		return "sent"
	case r.Duplicate:
		return "duplicate " + r.Position.String()
	}
	return "acked " + r.Position.String()
}

// written is what the client has published since the last time.
func (r *outboxRun) written() (texts []string) {
	for r.peer != nil && len(r.peer.frames) > 0 {
		f := <-r.peer.frames
		if f.op != ws.OpText {
			continue
		}
		command, err := v1.DecodeCommand([]byte(f.payload))
		p, is := command.(v1.Publish)
		if err != nil || !is {
			r.t.Errorf("the client wrote %s", f.payload)
			continue
		}
		text := strings.TrimRight(string(p.Content.Data), ".")
		texts = append(texts, text)
		if id, before := r.ids[text]; before && id != p.ID {
			r.t.Errorf("%q has the id %s, before it was %s", text, p.ID, id)
		}
		r.ids[text] = p.ID
	}
	return texts
}

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil || reflect.ValueOf(into).Elem().IsZero() {
		t.Fatalf("vectors of %s: %v", name, err)
	}
}
