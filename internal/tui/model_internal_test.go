package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

func TestModelTalks(t *testing.T) {
	s := newStage(t, locale.Portuguese)
	s.want("#ops", "● conectado", "2 pessoas", "Pessoas (2)", "● ana *", "● beto", "Ninguém disse nada", "!secret")
	s.says("alguém testou?")
	s.now = s.now.Add(time.Minute)
	s.press("sim", "ctrl+j", "aqui")
	s.want(" ana › sim\n       aqui")
	s.press("enter")
	if sent := s.conn.sent[len(s.conn.sent)-1]; sent.Text != "sim\naqui" || sent.Ephemeral {
		t.Fatalf("sent %+v", sent)
	}
	s.want("hoje, 22 nov", "21:14 beto │ alguém testou?", "21:15  ana │ sim", "           │ aqui", "…")
	s.says("antes")
	s.now = s.now.Add(18 * time.Millisecond)
	s.events(client.Ack{ID: "c2", Receipt: client.Receipt{Position: recado.Position{Epoch: "k", Seq: 9}}})
	s.want("✓", "18 ms", "!…")
	if shown := s.shown(); strings.Index(shown, "antes") > strings.Index(shown, "sim") {
		t.Errorf("our message is not in its place, behind the one that the room had before:\n%s", shown)
	}
	s.press("//ajuda", "enter", "/me acena", "enter")
	if n := len(s.conn.sent); s.conn.sent[n-2].Text != "/ajuda" || s.conn.sent[n-1].Event != "me" || s.conn.sent[n-1].Text != "acena" {
		t.Errorf("sent %+v", s.conn.sent)
	}
	s.want("* │ ana acena")
	s.press("up", "up")
	s.want(" ana › //ajuda")
}

func TestModelTyping(t *testing.T) {
	s := newStage(t, locale.English)
	s.press("hello")
	if len(s.conn.sent) != 1 || s.conn.sent[0].Event != "typing" || !s.conn.sent[0].Ephemeral || s.conn.sent[0].JSON != true {
		t.Fatalf("told %+v after five keys, want one sign of typing", s.conn.sent)
	}
	s.now = s.now.Add(typingSign)
	s.press("!")
	if len(s.conn.sent) != 2 {
		t.Errorf("told %d times after 3 s, want 2", len(s.conn.sent))
	}
	s.events(client.Message{From: person("beto"), Event: "typing", Ephemeral: true})
	s.want("beto is typing…", "● beto …")
	s.pass(typingTime + time.Second)
	s.want("!is typing")
}

func TestModelReconnects(t *testing.T) {
	s := newStage(t, locale.Portuguese)
	s.events(client.State{Phase: client.Reconnecting, Wait: 8 * time.Second, Err: &client.CloseError{Code: recado.CloseRestart}})
	s.press("depois", "enter", "ctrl+r")
	s.want("◍ reconectando · 1 na fila", "Sem conexão. Nova tentativa em 8 s · Ctrl+R", "está parando ou reiniciando", "depois")
	if s.conn.retries != 1 {
		t.Errorf("Ctrl+R retried %d times", s.conn.retries)
	}
	s.pass(5 * time.Second)
	s.want("em 3 s")
	s.conn.waiting = 0
	s.events(client.State{Phase: client.Connected}, client.Ack{ID: "c1"})
	s.says("oi")
	s.want("● conectado", "Reconectado · 1 enviada, 1 recebida", "!na fila")
	s.pass(4 * time.Second)
	s.want("!Reconectado")
	s.events(client.Gap{Missed: 14, Reason: "slow"}, &client.ServerError{Code: "rate_limited", RetryAfter: 2 * time.Second})
	s.want("14 mensagens puladas", "⏳ limite", "em 2 s")
	s.pass(3 * time.Second)
	s.want("◐ atrasado")
	s.events(client.State{Phase: client.Draining})
	s.want("↻ reiniciando", "você volta sozinho")
}

func TestModelRefused(t *testing.T) {
	s := newStage(t, locale.English)
	refused := &client.RefusedError{Code: "origin_refused", Message: "not\x1b[2J you", Hint: "--allow-origin"}
	s.events(client.State{Phase: client.Refused, Err: refused})
	s.want("⊘ refused", "The server refused: not you (origin_refused)", "--allow-origin", "Ctrl+R")
	s.press("hi", "enter")
	s.want("hi", "Ctrl+R tries again")
	before := s.conn
	s.press("ctrl+r")
	if s.conn == before || s.conn.url != before.url || len(s.left) != 1 {
		t.Errorf("Ctrl+R did not enter the room anew")
	}
}

func TestModelCompletes(t *testing.T) {
	s := newStage(t, locale.Portuguese)
	s.conn.members = append(s.conn.members, person("bea"), person("Bela\u202e"))
	s.events(client.Presence{Change: client.Joined, Member: person("bea")}, client.Presence{Change: client.Joined, Member: person("davi")})
	s.want("bea e davi entraram")
	s.press("be", "tab")
	s.want("› beto: ")
	s.press("tab")
	s.want("› bea: ")
	s.press("tab")
	s.want("› Bela: ")
	s.press("e b", "tab")
	s.want("› Bela: e beto ")
	s.press("ctrl+c", "/aj", "tab")
	s.want("› /ajuda ")
	s.press("enter")
	s.want("Teclas e", "Ctrl+J", "↑ ↓ · Esc fecha", "!/entrar")
	s.press("end")
	s.want("/entrar sala", "/me texto")
	s.press("esc", "/hel", "tab")
	s.want("!Teclas e", "› /help ")
}

func TestModelScrolls(t *testing.T) {
	s := newStage(t, locale.English)
	for i := range 100 {
		s.says(fmt.Sprintf("number %d.", i))
	}
	s.want("number 99.", "!number 50.")
	s.press("pgup")
	s.want("!number 99.", "↓ End")
	s.says("news")
	s.says("more news")
	s.want("!more news", "↓ 2 new messages (End)")
	if title := s.model.View().WindowTitle; title != "(2) #ops · recado" {
		t.Errorf("the window is called %q", title)
	}
	s.press("end")
	s.want("more news", "─ 2 new messages ─", "!(End)")
	s.do(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	s.want("!more news")
	s.press("home")
	s.want("number 0.", "today, 22 Nov")
	s.conn.earlier = client.Page{Messages: []client.Message{{
		From: person("ana"), Time: s.now.AddDate(0, 0, -1), Data: []byte("long ago"), Position: recado.Position{Epoch: "j", Seq: 1},
	}}}
	s.press("pgup")
	if s.conn.before.Seq != 1 {
		t.Errorf("asked for what was before %v", s.conn.before)
	}
	s.want("yesterday, 21 Nov", "long ago")
	s.press("end")
	s.do(tea.BlurMsg{})
	s.says("unseen")
	s.want("─ 1 new message ─", "unseen")
}

func TestModelResizes(t *testing.T) {
	s := newStage(t, locale.Portuguese)
	s.says(strings.Repeat("palavras 😀 ", 40) + strings.Repeat("x", 200))
	s.events(client.State{Phase: client.Reconnecting, Wait: time.Minute, Err: errors.New("gone")})
	s.press("texto que não cabe")
	for width := 20; width < 130; width += 7 {
		for height := 4; height < 40; height += 3 {
			s.resize(width, height)
			s.fits()
			for _, key := range []string{"f1", "pgup", "f1", "f2", "f2", "home", "end"} {
				s.press(key)
				s.fits()
			}
		}
	}
	s.resize(20, 6)
	s.want("◍", "texto", "!Pessoas", "!Enter")
	s.resize(59, 20)
	s.want("!Pessoas (2)", "Enter envia")
	s.press("f2")
	s.want("Pessoas (2)")
}

func TestModelQuits(t *testing.T) {
	s := newStage(t, locale.English)
	s.press("x", "ctrl+d")
	if s.quit {
		t.Error("Ctrl+D quits although there is text")
	}
	s.press("ctrl+c")
	s.want("!› x")
	if s.press("y", "backspace", "ctrl+c"); s.quit {
		t.Error("one Ctrl+C quits")
	}
	s.want("Ctrl+C again quits")
	s.press("ctrl+c")
	if !s.quit || !errors.Is(s.model.end, ErrInterrupted) {
		t.Errorf("Ctrl+C twice: quit %t, %v", s.quit, s.model.end)
	}
	for _, keys := range [][]string{{"ctrl+d"}, {"/quit", "enter"}, {"/sair", "enter"}} {
		s := newStage(t, locale.English)
		if s.press(keys...); !s.quit || s.model.end != nil {
			t.Errorf("%q: quit %t, %v", keys, s.quit, s.model.end)
		}
	}
}

func TestModelCommands(t *testing.T) {
	s := newStage(t, locale.English)
	s.says("one\n```\ntwo")
	s.press("/who", "enter", "/fila", "enter", "/nope", "enter")
	s.want("2 people: ana (you), beto", "/nope", "› /nope")
	s.press("ctrl+c", "/nick ana2", "enter")
	s.want("ana2 ›")
	s.press("/qr", "enter")
	s.want("<QR of http://localhost:8765/ops>", "this address. For phones")
	s.press("esc", "/export md", "enter", "/export talk.json", "enter", "/export", "enter")
	s.want("1 message saved in talk.json")
	if got := s.files["recado-ops-20261122-211400.md"]; !strings.Contains(got, "**beto** 2026-11-22 21:14:00\n\n````\none\n```\ntwo\n````\n") {
		t.Errorf("the Markdown is %q", got)
	}
	if got := s.files["recado-ops-20261122-211400.txt"]; !strings.Contains(got, "[2026-11-22 21:14:00] beto: one\n    ```\n    two\n") {
		t.Errorf("the text is %q", got)
	}
	if got := s.files["talk.json"]; !strings.Contains(got, `"text": "one\n`) || !strings.Contains(got, `"position": "k.1"`) {
		t.Errorf("the JSON is %q", got)
	}
	s.press("/clear", "enter")
	s.want("!one\n", "!two")
	old := s.conn
	s.press("/entrar dev", "enter")
	s.want("#dev", "◌ connecting…", "ana2 ›")
	if len(s.left) != 1 || s.left[0] != connection(old) {
		t.Errorf("left %v", s.left)
	}
	s.model.Update(eventsMsg{from: old, events: []client.Event{client.Message{From: person("beto"), Data: []byte("late")}}})
	s.want("!late")
}

// Whatever others send, only text and our own colours reach the terminal.
func TestModelIsSafe(t *testing.T) {
	s := newStage(t, locale.English)
	evil := "a\x1b]52;c;cm0=\x07\x1b[2J\x1b[31mb\rc\u202e\u009b5n\x00\x08\n\x1bPq\x1b\\d\u2028e\xff"
	who := client.Member{ID: recado.NewMemberID([]byte("e")), Name: evil}
	s.conn.members = append(s.conn.members, who)
	s.conn.url = "ws://localhost:8765/ops%1b%5d0;x%07"
	s.events(client.Presence{Change: client.Joined, Member: who},
		client.Message{From: who, Event: "typing", Ephemeral: true},
		client.Message{From: who, Time: s.now, Data: []byte(evil), Event: "me"},
		client.Message{From: who, Time: s.now, Data: []byte(evil)},
		client.Presence{Change: client.Renamed, Member: who, Was: evil},
		&client.ServerError{Code: evil, Message: evil},
		client.Presence{Change: client.Left, Member: who},
		client.State{Phase: client.Reconnecting, Err: &client.CloseError{Code: 4999, Reason: evil}})
	s.press("a", "tab")
	for _, size := range [][2]int{{100, 40}, {40, 30}, {20, 6}} {
		s.resize(size[0], size[1])
		view := s.model.View()
		for _, shown := range []string{view.Content, view.WindowTitle} {
			rest := sgr.ReplaceAllString(shown, "")
			if at := strings.IndexFunc(rest, func(r rune) bool {
				return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u2028'
			}); at >= 0 {
				t.Errorf("%v: the terminal is given %q", size, rest[max(0, at-20):min(len(rest), at+20)])
			}
		}
		s.fits()
	}
}

// A wrong address ends a chat that begins with it, and not one that has begun elsewhere.
func TestModelNeedsTLS(t *testing.T) {
	s := newStage(t, locale.English)
	s.model.begun = false
	s.events(client.State{Phase: client.Reconnecting, Err: client.ErrTLSNeeded})
	if unreachable := new(UnreachableError); !errors.As(s.model.end, &unreachable) {
		t.Errorf("the chat ends with %v, want an UnreachableError", s.model.end)
	}
	s = newStage(t, locale.English)
	s.press("/join dev", "enter")
	s.events(client.State{Phase: client.Reconnecting, Err: client.ErrTLSNeeded})
	if s.model.end != nil {
		t.Errorf("the chat ends with %v, want none", s.model.end)
	}
	s.want("Use wss://", "◍ reconnecting")
}
