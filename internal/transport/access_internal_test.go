package transport

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
)

// A guard knows these tokens.
type guard map[string]*recado.Access

func (g guard) Authenticate(token string) (*recado.Access, error) {
	if token == "" {
		return nil, recado.RequireToken()
	} else if a := g[token]; a == nil {
		return nil, recado.RefuseToken(recado.AuthInvalid, "nobody knows it")
	} else if !a.Expires.IsZero() && a.Expires.Before(time.Now()) {
		return nil, recado.RefuseToken(recado.AuthExpired, "it has expired")
	}
	return g[token], nil
}

// guards are those of the WebSockets under test that have one.
var guards sync.Map

// guardOf is the authenticator for who comes; nil if there is none.
func guardOf(w *Transport) recado.Authenticator {
	if g, found := guards.Load(w); found {
		return g.(guard)
	}
	return nil
}

// guarded is bubble with these tokens, and without pings.
func guarded(t *testing.T, tokens func() guard, scene func(t *testing.T, w *Transport)) {
	t.Helper()
	bubble(t, recado.Limits{PingInterval: recado.Off}, func(t *testing.T, w *Transport) {
		t.Helper()
		guards.Store(w, tokens())
		defer guards.Delete(w)
		scene(t, w)
	})
}

func rights(r recado.Rights) *recado.Access {
	return &recado.Access{Rooms: map[string]recado.Rights{"ops": r}}
}

// say sends one frame of recado.v1.
func (c *client) say(frame string) { c.send(ws.OpText, []byte(frame)) }

// hello comes into ops with a token, and more fields, and reads the welcome.
func hello(t *testing.T, w *Transport, token, fields string) *client {
	t.Helper()
	c := talkClient(t, w, `{"type":"hello","token":"`+token+`"`+fields+`}`)
	c.wantFrame(`"type":"welcome"`)
	return c
}

func TestHelloNeedsToken(t *testing.T) {
	guarded(t, func() guard {
		return guard{
			"old": {Expires: time.Now().Add(-time.Second)}, "elsewhere": {Rooms: map[string]recado.Rights{"lobby": recado.AllRights}},
			"deaf": rights(recado.AllRights &^ recado.MaySubscribe), "ana": {},
		}
	}, func(t *testing.T, w *Transport) {
		t.Helper()
		for token, want := range map[string]struct {
			code   ws.StatusCode
			reason string
		}{
			"": {4500, "auth_required"}, "wrong": {4501, "auth_invalid"}, "old": {4501, "auth_expired"},
			"elsewhere": {4502, "room_forbidden"}, "deaf": {4502, "room_forbidden"},
		} {
			talkClient(t, w, `{"type":"hello","token":"`+token+`"}`).wantClose(want.code, want.reason)
			if rooms := w.hub.Rooms(); rooms != 0 {
				t.Errorf("token %q: %d rooms, want none", token, rooms)
			}
		}
		_ = hello(t, w, "ana", "").conn.Close()
		given := pipeClientOf(t, w, Join{Room: "ops", Token: "ana"}, "recado.v1")
		given.say(`{"type":"hello"}`)
		given.wantFrame(`"type":"welcome"`)
		_ = given.conn.Close()
		worse := pipeClientOf(t, w, Join{Room: "ops", Token: "ana"}, "recado.v1")
		worse.say(`{"type":"hello","token":"wrong"}`)
		worse.wantClose(4501, "auth_invalid")
	})
}

// Nothing of a handshake that is refused is left, and nothing of it was written.
func TestHandshakeNeedsToken(t *testing.T) {
	w := New(startRelay(t, recado.Limits{}).hub, Config{})
	tokens := guard{"elsewhere": {Rooms: map[string]recado.Rights{}}}
	defer func() { _ = w.Close(t.Context(), recado.CloseGoingAway) }()
	for token, want := range map[string]string{"": "auth_required", "wrong": "auth_invalid", "elsewhere": "room_forbidden"} {
		j := Join{Room: "ops", Token: token, Authenticator: tokens}
		_, raw := w.begin(nil, nil, j, acceptance{})
		_, stream := w.beginStream(nil, nil, j, EventStream)
		for _, err := range []error{raw, stream, w.Poll(nil, nil, j, JSONLines)} {
			var refusal *recado.Refusal
			if !errors.As(err, &refusal) || refusal.Code != want {
				t.Errorf("token %q: %v, want %s", token, err, want)
			}
		}
	}
	if rooms := w.hub.Rooms(); rooms != 0 {
		t.Errorf("%d rooms, want none", rooms)
	}
}

func TestExpiry(t *testing.T) {
	guarded(t, func() guard {
		until := func(subject string, d time.Duration) *recado.Access {
			a := rights(recado.MaySubscribe | recado.MayPublish) // so nobody is told who comes
			a.Subject, a.Expires = subject, time.Now().Add(d)
			return a
		}
		return guard{"short": until("ana", time.Minute), "long": until("ana", time.Hour), "beto": until("beto", time.Hour)}
	}, func(t *testing.T, w *Transport) {
		t.Helper()
		began := time.Now()
		renewed, silent := hello(t, w, "short", ""), hello(t, w, "short", "")
		raw := pipeClientOf(t, w, Join{Room: "ops", Token: "short"})
		for _, token := range []string{"beto", "wrong"} {
			renewed.say(`{"type":"auth","token":"` + token + `"}`)
			renewed.wantFrame(`"code":"auth_invalid"`)
		}
		renewed.say(`{"type":"auth","token":"long"}`)
		for _, c := range []*client{silent, raw} {
			c.wantClose(4501, "auth_expired")
			if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second {
				t.Errorf("closed after %v, want a minute", took)
			}
		}
		renewed.wantClose(4501, "auth_expired")
		if took := time.Since(began); took < time.Hour || took > time.Hour+time.Second {
			t.Errorf("the renewed one was closed after %v, want an hour", took)
		}
		time.Sleep(time.Second)
		again := talkClient(t, w, `{"type":"hello","token":"long"}`)
		again.wantClose(4501, "auth_expired") // a resume is checked again
	})
}

func TestRights(t *testing.T) {
	guarded(t, func() guard {
		return guard{
			"mute":   rights(recado.AllRights &^ recado.MayPublish),
			"blind":  rights(recado.AllRights &^ recado.MaySeeMembers),
			"forget": rights(recado.AllRights &^ recado.MayReadHistory),
			"all":    rights(recado.AllRights),
		}
	}, func(t *testing.T, w *Transport) {
		t.Helper()
		publish(t, w, 3, 1)
		mute := hello(t, w, "mute", "")
		mute.say(`{"type":"publish","id":"c1","text":"oi"}`)
		mute.wantFrame(`"code":"room_forbidden"`)
		mute.say(`{"type":"history","id":"h1","limit":1}`)
		mute.wantFrame(`"type":"history","id":"h1"`)
		_ = mute.conn.Close()

		raw := pipeClientOf(t, w, Join{Room: "ops", Token: "mute"})
		raw.say("oi")
		raw.wantClose(4502, "room_forbidden")

		forget := talkClient(t, w, `{"type":"hello","token":"forget","history":5}`)
		forget.wantFrame(`"type":"welcome"`)
		forget.wantFrame(`{"type":"history","messages":[],"more":false}`)
		forget.say(`{"type":"history","id":"h1"}`)
		forget.wantFrame(`"code":"room_forbidden"`)
		_ = forget.conn.Close()
		synctest.Wait()
	})
}

// Who may not read the history resumes with a gap; who has not been away long enough for one loses nothing.
func TestResumeWithoutHistory(t *testing.T) {
	guarded(t, func() guard {
		return guard{"forget": rights(recado.AllRights &^ recado.MayReadHistory)}
	}, func(t *testing.T, w *Transport) {
		t.Helper()
		publish(t, w, 3, 1)
		page, err := w.hub.ReadAfter(t.Context(), "ops", recado.Position{}, 10)
		if err != nil || len(page.Messages) != 3 {
			t.Fatal(page, err)
		}
		epoch, last := page.From.Epoch, page.Messages[2].Seq
		for name, tt := range map[string]struct {
			since recado.Position
			want  []string
		}{
			"old":       {recado.Position{Epoch: epoch, Seq: last - 2}, []string{`"recovered":false,"replay":0`, `"type":"gap"`}},
			"newest":    {recado.Position{Epoch: epoch, Seq: last}, []string{`"recovered":true,"replay":0`}},
			"future":    {recado.Position{Epoch: epoch, Seq: last + 9}, []string{`"recovered":false,"replay":0`, `"type":"gap"`}},
			"elsewhere": {recado.Position{Epoch: "x", Seq: 1}, []string{`"recovered":false,"replay":0`, `"type":"gap"`}},
		} {
			t.Log(name)
			c := talkClient(t, w, `{"type":"hello","token":"forget","since":"`+tt.since.String()+`"}`)
			for _, want := range tt.want {
				c.wantFrame(want)
			}
			c.say(`{"type":"ping"}`)
			c.wantFrame(`"type":"pong"`)
			_ = c.conn.Close()
			synctest.Wait()
			time.Sleep(time.Minute) // until it counts as gone
		}
		raw := pipeClientOf(t, w, Join{Room: "ops", Token: "forget", Replay: true})
		synctest.Wait()
		publish(t, w, 1, 1)
		if _, p, err := raw.read(); err != nil || len(p) != 1 {
			t.Errorf("read %q, %v", p, err)
		}
		raw.send(ws.OpPing, []byte("all?"))
		if op, p, _ := raw.read(); op != ws.OpPong {
			t.Errorf("more than one message: %q", p)
		}
		_ = raw.conn.Close()
	})
}

func TestPresenceIsARight(t *testing.T) {
	guarded(t, func() guard {
		return guard{
			"blind": rights(recado.AllRights &^ recado.MaySeeMembers), "all": rights(recado.AllRights),
			"carla": {Subject: "carla@example.com"},
		}
	}, func(t *testing.T, w *Transport) {
		t.Helper()
		blind := talkClient(t, w, `{"type":"hello","token":"blind"}`)
		if _, p, err := blind.read(); err != nil || strings.Contains(string(p), `"members"`) || !strings.Contains(string(p), `"member_count":1`) {
			t.Errorf("welcome is %s, %v", p, err)
		}
		sees := hello(t, w, "all", "")
		third := hello(t, w, "carla", `,"name":"carla"`)
		sees.wantFrame(`"name":"carla","user":"carla@example.com"}`)
		time.Sleep(time.Second)
		blind.say(`{"type":"ping"}`)
		blind.wantFrame(`"type":"pong"`) // and nothing before it
		blind.say(`{"type":"auth","token":"all"}`)
		blind.wantClose(4000, "resync")
		for _, c := range []*client{sees, third} {
			_ = c.conn.Close()
		}
	})
}

func TestTokenNamesItsHolder(t *testing.T) {
	const session = `,"name":"root","session":"q83vEjRWeJCrze8SNFZ4kA"`
	guarded(t, func() guard {
		return guard{"ana": {Subject: "ana", Name: "Ana"}, "beto": {Subject: "beto"}, "none": {}}
	}, func(t *testing.T, w *Transport) {
		t.Helper()
		ids := map[string]bool{}
		for token, name := range map[string]string{"ana": "Ana", "beto": "root", "none": "root"} {
			c := talkClient(t, w, `{"type":"hello","token":"`+token+`"`+session+`}`)
			_, p, err := c.read()
			_, you, _ := strings.Cut(string(p), `"you":{"id":"`)
			id, _, _ := strings.Cut(you, `"`)
			if err != nil || !strings.HasPrefix(you, id+`","name":"`+name+`"`) {
				t.Errorf("%s: welcome %s, %v, want the name %s", token, p, err, name)
			}
			ids[id] = true
			c.say(`{"type":"rename","name":"ops"}`)
			if token == "ana" {
				c.wantFrame(`"code":"name_invalid"`)
			} else {
				c.wantFrame(`"type":"rename"`)
			}
			_ = c.conn.Close()
			synctest.Wait()
		}
		if len(ids) != 3 {
			t.Errorf("one session of three subjects is %d members, want 3", len(ids))
		}
	})
}
