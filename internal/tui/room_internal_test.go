package tui

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"

	"recado"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What beto says, and when, is the same in every run.
var (
	beto  = map[string]string{"id": recado.NewMemberID([]byte("b")).String(), "name": "beto"}
	today = time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
)

// A room is a server with one room of which the test is the other member, beto.
type room struct {
	t      *testing.T
	server *httptest.Server
	joined chan *visitor
	heard  chan string
	asks   chan map[string]any // of history and rename
	silent bool                // it acknowledges nothing
	before []string            // was said before, oldest first

	mu  sync.Mutex // guards seq
	seq int
}

// A visitor is the server's side of a connection.
type visitor struct {
	room *room
	conn net.Conn
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{
		t: t, joined: make(chan *visitor, 10), heard: make(chan string, 100), asks: make(chan map[string]any, 10), seq: 10,
	}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		upgrader := ws.HTTPUpgrader{Protocol: func(name string) bool { return name == "recado.v1" }}
		conn, _, _, err := upgrader.Upgrade(request, w)
		if err != nil {
			return
		}
		defer conn.Close()
		v := &visitor{r, conn}
		for v.serve() {
		}
	}))
	t.Cleanup(r.server.Close)
	return r
}

// serve takes one frame. False means the end.
func (v *visitor) serve() bool {
	frame, err := ws.ReadFrame(v.conn) //nolint:staticcheck // the test's own client sends little
	if err != nil {
		return false
	}
	frame = ws.UnmaskFrame(frame)
	if frame.Header.OpCode == ws.OpClose {
		v.room.heard <- string(frame.Payload)
		v.write(ws.NewCloseFrame(frame.Payload))
		return false
	}
	var command map[string]any
	json.Unmarshal(frame.Payload, &command)
	switch command["type"] {
	case "hello":
		v.welcome(command)
	case "publish":
		text, _ := command["text"].(string)
		v.room.heard <- text
		if !v.room.silent {
			v.stored(map[string]any{"type": "ack", "id": command["id"]})
		}
	case "history":
		v.room.asks <- command
		v.page(command["id"], "ontem")
	case "rename":
		v.room.asks <- command
	case "ping":
		v.tell(map[string]any{"type": "pong"})
	}
	return true
}

func (v *visitor) welcome(hello map[string]any) {
	name, _ := hello["name"].(string)
	you := map[string]string{"id": recado.NewMemberID([]byte("a")).String(), "name": cmp.Or(name, "ana")}
	_, since := hello["since"]
	v.room.mu.Lock()
	position := (recado.Position{Epoch: "k", Seq: uint64(v.room.seq)}).String()
	v.room.mu.Unlock()
	v.tell(map[string]any{
		"type": "welcome", "session": "Zk3hQ0s7b1x9mD2pLw8RtA", "you": you, "position": position, "recovered": since,
		"replay": 0, "members": []any{you, beto}, "member_count": 2, "limits": map[string]int{"message_bytes": 100},
	})
	if hello["history"] != nil && !since {
		v.page(nil, v.room.before...)
	}
	v.room.joined <- v
}

func (v *visitor) page(id any, texts ...string) {
	messages := []any{}
	for i, text := range texts {
		messages = append(messages, map[string]any{
			"type": "message", "seq": i + 1, "prev": i, "time": today, "from": beto, "text": text,
		})
	}
	page := map[string]any{"type": "history", "messages": messages, "more": false}
	if id != nil {
		page["id"] = id
	}
	v.tell(page)
}

// stored sends a frame that has a place in the room.
func (v *visitor) stored(fields map[string]any) {
	v.room.mu.Lock()
	defer v.room.mu.Unlock()
	fields["prev"] = v.room.seq
	v.room.seq++
	fields["seq"] = v.room.seq
	v.tell(fields)
}

// say is what beto does.
func (v *visitor) say(text string) { v.message(map[string]any{"text": text}) }

func (v *visitor) message(fields map[string]any) {
	fields["type"], fields["time"], fields["from"] = "message", today, beto
	if fields["ephemeral"] == true {
		v.tell(fields)
		return
	}
	v.stored(fields)
}

func (v *visitor) tell(fields map[string]any) {
	frame, err := json.Marshal(fields)
	if err != nil {
		v.room.t.Error(err)
	}
	v.write(ws.NewTextFrame(frame))
}

// write writes f at once, so that the test's frames and the answers do not mix.
func (v *visitor) write(f ws.Frame) { v.conn.Write(ws.MustCompileFrame(f)) }

func (v *visitor) close(code ws.StatusCode, reason string) {
	v.write(ws.NewCloseFrame(ws.NewCloseFrameBody(code, reason)))
}

func (r *room) join() *visitor {
	r.t.Helper()
	select {
	case v := <-r.joined:
		return v
	case <-time.After(10 * time.Second):
		r.t.Fatal("nobody joins")
		return nil
	}
}

// hear waits for this text to be published, or for this close frame.
func (r *room) hear(text string) {
	r.t.Helper()
	select {
	case heard := <-r.heard:
		if heard != text {
			r.t.Fatalf("heard %q, want %q", heard, text)
		}
	case <-time.After(10 * time.Second):
		r.t.Fatalf("heard nothing, want %q", text)
	}
}

// asked waits for a question of this type.
func (r *room) asked(what string) map[string]any {
	r.t.Helper()
	select {
	case q := <-r.asks:
		if q["type"] != what {
			r.t.Fatalf("asked %v, want %s", q, what)
		}
		return q
	case <-time.After(10 * time.Second):
		r.t.Fatalf("nobody asks, want %s", what)
		return nil
	}
}

// bye is the payload of the close frame of who leaves.
const bye = "\x03\xe8bye"

func address(r *room) string { return strings.Replace(r.server.URL, "http:", "ws:", 1) + "/ops" }

func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Run does not return")
		return nil
	}
}
