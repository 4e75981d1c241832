package transport

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// events are what an observer has been told, a line each.
type events struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (e *events) Connected(protocol string) { e.add("%s connected", protocol) }
func (e *events) Disconnected(protocol string, code recado.CloseCode) {
	e.add("%s disconnected %d", protocol, code)
}

func (e *events) Published(protocol string, size int, duplicate bool) {
	e.add("%s published %d %v", protocol, size, duplicate)
}
func (e *events) Slowed()           { e.add("slowed") }
func (e *events) Erred(code string) { e.add("erred %s", code) }
func (e *events) Resumed(o Outcome) { e.add("resumed %s", o) }
func (e *events) Slow(f Fate)       { e.add("slow %s", f) }

func (e *events) add(format string, facts ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, fmt.Sprintf(format, facts...))
}

// want compares all that was told since the last time.
func (e *events) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.lines, want) {
		t.Errorf("told %q, want %q", e.lines, want)
	}
	e.lines = nil
}

func TestObserverOfConnections(t *testing.T) {
	bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		seen := new(events)
		w.observer = seen
		raw := pipeClient(t, w)
		seen.want(t, "raw connected")
		raw.send(ws.OpText, []byte("oi"))
		seen.want(t, "raw published 2 false")
		for f, protocol := range map[StreamFormat]string{EventStream: "sse", JSONLines: "ndjson", TextLines: "text"} {
			_, conn := streamClient(t, w, f)
			_ = conn.Close()
			seen.want(t, protocol+" connected", protocol+" disconnected 1006")
		}
		talker := talkClient(t, w, `{"type":"hello"}`)
		talker.wantFrame("welcome")
		for range 2 {
			talker.send(ws.OpText, []byte(`{"type":"publish","id":"c1","json":[1, 2]}`))
			talker.wantFrame("ack")
		}
		seen.want(t, "recado.v1 connected", "recado.v1 published 5 false", "recado.v1 published 5 true")
		talker.send(ws.OpClose, ws.NewCloseFrameBody(3456, ""))
		_, _, _ = talker.read()
		_ = talker.conn.Close()
		seen.want(t, "recado.v1 disconnected 3456")
		_ = raw.conn.Close()
		seen.want(t, "raw disconnected 1006")
	})
}

func TestObserverOfResumes(t *testing.T) {
	for name, tt := range map[string]struct {
		since func(p recado.Position) recado.Position
		want  string
	}{
		"recovered": {func(p recado.Position) recado.Position { return p }, "resumed recovered"},
		"expired":   {func(p recado.Position) recado.Position { return recado.Position{Epoch: p.Epoch, Seq: 1} }, "resumed expired"},
		"epoch":     {func(p recado.Position) recado.Position { return recado.Position{Epoch: "other", Seq: p.Seq} }, "resumed epoch"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
				t.Helper()
				for range 300 {
					if _, _, err := w.hub.Publish(t.Context(), recado.Message{Room: "ops", Kind: recado.Text}); err != nil {
						t.Fatal(err)
					}
				}
				at, err := w.hub.Position(t.Context(), "ops")
				if err != nil {
					t.Fatal(err)
				}
				seen := new(events)
				w.observer = seen
				since := tt.since(at)
				c := talkClient(t, w, `{"type":"hello","since":"`+since.String()+`"}`)
				c.wantFrame("welcome")
				raw := pipeClientOf(t, w, Join{Room: "ops", Replay: true, After: since})
				var reading sync.WaitGroup // all of the history, however many pages that takes
				reading.Go(func() { _, _ = io.Copy(io.Discard, c.in) })
				reading.Go(func() { _, _ = io.Copy(io.Discard, raw.in) })
				seen.want(t, "recado.v1 connected", tt.want, "raw connected", tt.want)
				_, _ = c.conn.Close(), raw.conn.Close()
				reading.Wait()
			})
		})
	}
}

func TestObserverOfSlowReaders(t *testing.T) {
	drop := []recado.RoomPolicy{{Pattern: "*", Policy: recado.DropOldest}}
	for name, tt := range map[string]struct {
		limits   recado.Limits
		messages int
		want     string
	}{
		"overflowed": {recado.Limits{Queue: 2000}, 5, "slow overflowed"},
		"skipped":    {recado.Limits{Queue: 2000, QueuePolicies: drop}, 5, "slow skipped"},
		"skipped, by the room's rule": {
			recado.Limits{Queue: 2000, RoomRules: []recado.RoomRule{{Pattern: "o*", Limits: recado.Limits{QueuePolicies: drop}}}}, 5, "slow skipped",
		},
		"stalled": {recado.Limits{}, 1, "slow stalled"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.limits.PingInterval = recado.Off
			bubble(t, tt.limits, func(t *testing.T, w *Transport) {
				t.Helper()
				c := pipeClientOf(t, w, Join{Room: "ops"}) // nobody else is there, and waits for it
				seen := new(events)
				w.observer = seen
				for range tt.messages {
					_, _, _ = w.hub.Publish(t.Context(), recado.Message{Room: "ops", Kind: recado.Text, Data: []byte(strings.Repeat("x", 1000))})
				}
				if name == "stalled" {
					time.Sleep(2 * w.limits.Load().QueueStall)
					seen.want(t, tt.want, "raw disconnected 4001")
				} else {
					synctest.Wait()
					if !slices.Contains(seen.lines, tt.want) {
						t.Errorf("told %q, want %q", seen.lines, tt.want)
					}
				}
				_ = c.conn.Close()
			})
		})
	}
}
