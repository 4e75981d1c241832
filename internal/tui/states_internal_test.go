package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// Every order has a name in both languages, a text that says what it does, and a meaning in both modes.
func TestOrders(t *testing.T) {
	for _, l := range []locale.Language{locale.English, locale.Portuguese} {
		texts, names := locale.New(l), map[string]bool{}
		for _, o := range orders() {
			_, text := o.help(texts)
			if o.full == nil || o.line == nil || text == "" || names[o.name(texts)] {
				t.Errorf("%s: %q, full %t, line %t", o.name(texts), text, o.full != nil, o.line != nil)
			}
			names[o.name(texts)] = true
		}
	}
}

// What waits, or has failed, can be looked at, taken back, and sent again.
func TestModelQueue(t *testing.T) {
	s := newStage(t, locale.English)
	s.press("/queue", "enter")
	s.want("nothing waits, and nothing has failed")
	s.events(client.State{Phase: client.Reconnecting, Err: errors.New("cut")})
	s.press("first", "enter", "second", "enter")
	s.press("/queue", "enter")
	s.want("Waiting: 2 queued", "… 21:14  first", "… 21:14  second", "/queue discard", "/queue retry")
	s.press("esc", "/queue discard", "enter")
	s.want("2 messages discarded", "!first", "!second")
	if s.conn.waiting != 0 {
		t.Errorf("%d are waiting", s.conn.waiting)
	}
	s.press("third", "enter")
	s.conn.carried = true
	s.press("/fila descartar", "enter")
	s.want("0 messages discarded", "third", "…")
	s.events(client.State{Phase: client.Connected}, client.Lost{ID: "c3", Err: client.ErrExpired})
	s.want("third", "✗")
	sent := len(s.conn.sent)
	s.press("/fila reenviar", "enter")
	if got := s.conn.sent[sent:]; len(got) != 1 || got[0].Text != "third" {
		t.Errorf("sent again: %v", got)
	}
	s.want("third", "…", "!✗")
}

// What was skipped is loaded into its place; what the server does not have any more is told.
func TestModelFillsGaps(t *testing.T) {
	s := newStage(t, locale.Portuguese)
	s.says("before")
	s.seq = 20
	s.events(client.Gap{From: 2, To: 20, Missed: 3, Position: recado.Position{Epoch: "k", Seq: 20}, Reason: "slow"})
	s.want("◐ atrasado", "3 mensagens puladas · Ctrl+O: Carregar")
	s.says("after")
	message := func(seq uint64, text string) client.Message {
		return client.Message{From: person("beto"), Time: s.now, Data: []byte(text), Position: recado.Position{Epoch: "k", Seq: seq}}
	}
	s.conn.earlier = client.Page{Messages: []client.Message{message(1, "before"), message(5, "five"), message(20, "twenty")}}
	s.press("ctrl+o")
	if s.conn.before != (recado.Position{Epoch: "k", Seq: 21}) {
		t.Errorf("asked for what was before %v", s.conn.before)
	}
	s.want("● conectado", "1 mensagem pulada. O servidor já não as tem.", "!Ctrl+O")
	at := 0
	for _, text := range []string{"before", "1 mensagem", "five", "twenty", "after"} {
		next := strings.Index(s.shown()[at:], text)
		if next < 0 {
			t.Fatalf("%q is not behind the others:\n%s", text, s.shown())
		}
		at += next
	}
	s.events(client.Gap{Reason: "epoch", Position: recado.Position{Epoch: "n"}})
	s.want("◐ atrasado", "Ctrl+O: Dispensar")
	s.press("ctrl+o")
	s.want("● conectado")
	s.events(client.Gap{Reason: "epoch", Position: recado.Position{Epoch: "o"}})
	s.pass(11 * time.Second)
	s.want("● conectado") // nothing can be done about it
}

// Without a network there is no use in waiting: as soon as there is one, the client tries.
func TestModelOffline(t *testing.T) {
	s := newStage(t, locale.English)
	s.conn.url = "wss://example.com/ops"
	s.offline = true
	s.events(client.State{Phase: client.Reconnecting, Err: errors.New("cut"), Wait: 20 * time.Second})
	s.want("○ offline", "No internet. You will be back as soon as it is.", "!cut")
	s.press("hello", "enter")
	s.want("○ offline · 1 queued", "1 message will be sent", "/queue: Show")
	s.pass(2 * time.Second)
	if s.conn.retries != 0 {
		t.Error("it tries without a network")
	}
	s.offline = false
	s.pass(2 * time.Second)
	s.want("◍ reconnecting")
	if s.conn.retries != 1 {
		t.Errorf("%d attempts, want one at once", s.conn.retries)
	}
	s.conn.url = "ws://127.0.0.1:8765/ops" // needs no network
	s.offline = true
	s.pass(2 * time.Second)
	s.want("◍ reconnecting")
}

// What a refusal asks for can be typed; a token is not shown, and not kept.
func TestModelAnswersRefusals(t *testing.T) {
	s := newStage(t, locale.English)
	s.events(client.State{Phase: client.Refused, Err: &client.RefusedError{Close: 4500, Code: "auth_required"}})
	s.want("⊘ refused", "This room wants to know who you are.", "Join with a token: type it below, Enter", "token ›")
	s.press("sesame")
	s.want("token › ••••••", "!sesame")
	s.press("enter")
	if s.token != "sesame" {
		t.Errorf("entered with the token %q", s.token)
	}
	s.events(client.State{Phase: client.Connected})
	s.press("up")
	s.want("!sesame", "● connected")
	s.events(client.State{Phase: client.Refused, Err: &client.RefusedError{Code: "name_invalid", Message: "x"}})
	s.want("The server does not take this name.", "Change name: type it below", "name ›")
	s.press("olga", "enter")
	s.events(client.State{Phase: client.Connected})
	s.want("olga ›")
	s.events(client.State{Phase: client.Refused, Err: &client.RefusedError{Close: 4503, Code: "removed"}})
	s.want("You were removed from this room.", "!type it below", "olga ›")
}

// Line by line, the lack of a network is told once, in place of what it made go wrong.
func TestLineModeOffline(t *testing.T) {
	var out strings.Builder
	conn, offline := &fakeConnection{url: "wss://example.com/ops", you: person("ana")}, true
	talk := &talk{
		Texts:  locale.New(locale.English),
		screen: &screen{out: &out, plain: true},
		world:  world{now: time.Now, online: func() bool { return !offline }},
	}
	talk.begin(conn)
	for range 2 {
		talk.take(client.State{Phase: client.Reconnecting, Err: errors.New("cut"), Wait: 20 * time.Second})
	}
	talk.draw()
	const want = "· No internet. You will be back as soon as it is.\n"
	if got := out.String(); strings.Count(got, want) != 1 || strings.Count(got, "· ") != 1 {
		t.Errorf("told %q, want %q alone", got, want)
	}
	talk.watchNetwork()
	if conn.retries != 0 {
		t.Error("it tries without a network")
	}
	offline = false
	if talk.watchNetwork(); conn.retries != 1 {
		t.Errorf("%d attempts, want one at once", conn.retries)
	}
}

// A flooded connection has many events at hand, and no more.
type flooded struct {
	*fakeConnection

	events chan client.Event
}

func (f flooded) Events() <-chan client.Event { return f.events }

// A writeCounter counts what would be system calls.
type writeCounter struct {
	text   []byte
	writes int
}

func (w *writeCounter) Write(p []byte) (int, error) {
	w.writes++
	w.text = append(w.text, p...)
	return len(p), nil
}

// Line by line, a flood is written together: message by message it would be read too slowly.
func TestLineModeFlood(t *testing.T) {
	const messages = 100
	conn := flooded{&fakeConnection{url: "ws://localhost/ops", you: person("ana")}, make(chan client.Event, messages)}
	for range messages {
		conn.events <- client.Message{From: person("beto"), Time: time.Now(), Data: []byte("flood")}
	}
	close(conn.events)
	var out writeCounter
	talk := &talk{
		Texts: locale.New(locale.English), screen: &screen{out: &out, plain: true},
		world: world{now: time.Now, online: func() bool { return true }},
	}
	talk.begin(conn)
	if err := talk.run(t.Context(), nil, nil, &decoder{}); err != nil {
		t.Errorf("run() = %v, want nil", err)
	}
	if n := strings.Count(string(out.text), "beto: flood\n"); n != messages || out.writes > 3 {
		t.Errorf("%d messages in %d writes, want %d in at most 3", n, out.writes, messages)
	}
}
