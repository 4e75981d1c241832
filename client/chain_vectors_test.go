package client_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

// A chainStep is one of testdata/protocol/chain.json, which explains itself.
type chainStep struct {
	chainResult

	Connect *struct{ Since, Session string }
	Receive []json.RawMessage
	Cut     recado.CloseCode
	Publish string
}

// A chainResult is what a step must lead to.
type chainResult struct {
	Position  string
	Shows     []string
	Page      []string
	Gaps      []chainGap
	Sends     []string
	Acked     []chainAck
	Fails     []chainFault
	Uncertain []string
	Closes    recado.CloseCode
}

type (
	chainGap struct {
		From, To uint64
		Missed   int
		Reason   string
	}
	chainAck struct {
		ID        string
		Seq       uint64
		Duplicate bool
	}
	chainFault struct{ ID, Code string }
)

func TestChainVectors(t *testing.T) {
	var vectors struct {
		Cases []struct {
			Name  string
			Echo  bool
			Steps []chainStep
		}
	}
	readVectors(t, "../testdata/protocol/chain.json", &vectors)
	for _, tt := range vectors.Cases {
		t.Run(tt.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &chainRun{t: t, names: map[string]string{}, ids: map[string]string{}, pages: make(chan client.Page, 10)}
				r.server, r.client = opened(t, client.Config{Echo: tt.Echo, Random: func() float64 { return 0 }})
				for i, step := range tt.Steps {
					before := r.client.Position()
					r.do(step)
					got := r.result()
					if after := r.client.Position(); after != before {
						got.Position = after.String()
					}
					if !reflect.DeepEqual(got, step.chainResult) {
						t.Errorf("step %d: %+v, want %+v", i+1, got, step.chainResult)
					}
				}
				r.client.Close()
			})
		})
	}
}

// A chainRun is a case under way.
type chainRun struct {
	t      *testing.T
	server *server
	client *client.Client
	peer   *peer
	names  map[string]string // the vectors' names of our ids
	ids    map[string]string // and the other way round
	pages  chan client.Page
}

func (r *chainRun) do(s chainStep) {
	switch {
	case s.Connect != nil:
		var hello v1.Hello
		r.peer, hello = r.server.accept()
		since := ""
		if hello.Since != (recado.Position{}) {
			since = hello.Since.String()
		}
		if since != s.Connect.Since || hello.Session != s.Connect.Session {
			r.t.Errorf("hello since %q with session %q, want %+v", since, hello.Session, *s.Connect)
		}
	case s.Publish != "":
		id, err := r.client.TrySend(text("x"))
		if err != nil {
			r.t.Fatal(err)
		}
		r.names[id], r.ids[s.Publish] = s.Publish, id
	case s.Cut != 0:
		if s.Cut != 1006 {
			r.peer.close(s.Cut, "")
			synctest.Wait()
		}
		r.peer.conn.Close()
	}
	for _, f := range s.Receive {
		r.peer.send(ws.OpText, r.own(string(f)))
		synctest.Wait()
	}
	synctest.Wait()
}

// own writes our ids into a frame for those of the vectors. A page that answers a question needs the question.
func (r *chainRun) own(frame string) string {
	var f struct{ Type, ID string }
	if json.Unmarshal([]byte(frame), &f) != nil || f.ID == "" {
		return frame
	}
	id := r.ids[f.ID]
	if f.Type == "history" {
		go func() {
			page, err := r.client.History(r.t.Context(), recado.Position{}, 0)
			if err != nil {
				r.t.Error(err)
			}
			r.pages <- page
		}()
		question, _ := r.peer.command().(v1.History)
		id = question.ID
	}
	if id == "" {
		return frame
	}
	return strings.Replace(frame, fmt.Sprintf(`"id": %q`, f.ID), fmt.Sprintf(`"id": %q`, id), 1)
}

// result is all that has happened since the last time.
func (r *chainRun) result() (got chainResult) {
	for r.peer != nil && len(r.peer.frames) > 0 {
		f := <-r.peer.frames
		if f.op == ws.OpClose {
			if code := recado.CloseCode(binary.BigEndian.Uint16([]byte(f.payload))); code == recado.CloseResync {
				got.Closes = code
			}
			continue
		}
		command, err := v1.DecodeCommand([]byte(f.payload))
		if err != nil {
			r.t.Error(err)
		}
		if p, is := command.(v1.Publish); is {
			got.Sends = append(got.Sends, r.names[p.ID])
		}
	}
	for len(r.pages) > 0 {
		for _, m := range (<-r.pages).Messages {
			got.Page = append(got.Page, string(m.Data))
		}
	}
	for synctest.Wait(); len(r.client.Events()) > 0; synctest.Wait() {
		r.add(&got, <-r.client.Events())
	}
	return got
}

func (r *chainRun) add(got *chainResult, e client.Event) {
	switch e := e.(type) {
	case client.Message:
		got.Shows = append(got.Shows, string(e.Data))
	case client.Page:
		for _, m := range e.Messages {
			got.Page = append(got.Page, string(m.Data))
		}
	case client.Gap:
		got.Gaps = append(got.Gaps, chainGap{e.From, e.To, e.Missed, e.Reason})
	case client.Ack:
		got.Acked = append(got.Acked, chainAck{r.names[e.ID], e.Position.Seq, e.Duplicate})
	case client.Lost:
		fault := new(client.ServerError)
		switch {
		case errors.Is(e.Err, client.ErrUncertain):
			got.Uncertain = append(got.Uncertain, r.names[e.ID])
		case errors.As(e.Err, &fault):
			got.Fails = append(got.Fails, chainFault{r.names[e.ID], fault.Code})
		default:
			r.t.Errorf("lost: %v", e.Err)
		}
	}
}
