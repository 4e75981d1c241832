//go:build linux

package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// What the room is like: who is there, who comes and goes, what was said before, and what is missing.
func TestLineModeRoom(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	r.before = []string{"bom dia", "alguém aí?"}
	done := chatOn(t, p, r)
	conn := r.join()
	p.wait(5, "· conectado a "+address(r)+" como ana · /ajuda", "[HH:MM] beto: bom dia", "[HH:MM] beto: alguém aí?", "ana>")

	carla := map[string]string{"id": recado.NewMemberID([]byte("c")).String(), "name": "carla"}
	presence := func(change string) { conn.tell(map[string]any{"type": change, "member": carla}) }
	presence("join")
	p.wait(5, "· carla entrou", "ana>")
	p.press("/quem\r")
	p.wait(5, "ana> /quem", "· 3 pessoas: ana (você), beto, carla", "ana>")
	carla["name"] = "beto"
	presence("rename")
	tag := "beto#" + carla["id"][1:5]
	p.wait(5, "· carla agora se chama "+tag, "ana>")
	conn.say("sou o primeiro")
	p.wait(5, "[HH:MM] beto#"+beto["id"][1:5]+": sou o primeiro", "ana>")
	presence("leave")
	p.wait(5, "· "+tag+" saiu", "ana>")

	p.press("/historico 1\r")
	if q := r.asked("history"); q["limit"] != 1.0 || q["before"] != "k.1" {
		t.Errorf("asked %v, want one before the first that was shown", q)
	}
	p.wait(5, "ana> /historico 1", "[HH:MM] beto: ontem", "ana>")

	p.press("/nick Ana Maria\r")
	if q := r.asked("rename"); q["name"] != "Ana Maria" {
		t.Errorf("asked %v, want the new name", q)
	}
	p.wait(11, "ana> /nick Ana Maria", "· você agora se chama Ana Maria", "Ana Maria>")
	p.press("/nick\r")
	p.wait(11, "· um nome tem algo que se veja e no máximo 32 caracteres: /nick NOME", "Ana Maria>")

	p.press(strings.Repeat("x", 101) + "\r")
	p.wait(12, "· longo demais: aqui uma mensagem tem no máximo 100 bytes", "Ana Maria> "+strings.Repeat("x", 89), strings.Repeat("x", 12))
	p.press("\x15\x04")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v after Ctrl+D, want nil", err)
	}
}

// What was skipped is shown when it is asked for; what the server does not have any more is told.
func TestLineModeFillsGaps(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	done := chatOn(t, p, r)
	conn := r.join()
	p.wait(5, "· conectado a "+address(r)+" como ana · /ajuda", "ana>")
	conn.tell(map[string]any{"type": "gap", "reason": "slow", "missed": 3, "from": 1, "to": 30, "position": "k.30"})
	p.wait(5, "· 3 mensagens puladas · /historico mostra as que o servidor ainda tem", "ana>")
	p.press("/historico\r")
	if q := r.asked("history"); q["before"] != "k.31" {
		t.Errorf("asked %v, want what was before the end of the gap", q)
	}
	p.wait(5, "ana> /historico", "· 2 mensagens puladas. O servidor já não as tem.", "[HH:MM] beto: ontem", "ana>")
	p.press("/historico\r")
	if q := r.asked("history"); q["before"] != "k.1" {
		t.Errorf("asked %v, want what was before the gap", q)
	}
	p.press("\x04")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v after Ctrl+D, want nil", err)
	}
}

// Being too fast is told once, however often the server says it.
func TestLineModeTooFast(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	done := chatOn(t, p, r)
	conn := r.join()
	for range 2 {
		conn.tell(map[string]any{"type": "error", "code": "rate_limited", "message": "x", "retry_after_ms": 1000})
	}
	conn.tell(map[string]any{"type": "error", "code": "odd", "message": "y"})
	p.wait(5, "· conectado a "+address(r)+" como ana · /ajuda",
		"· rápido demais: o servidor recebe mais devagar o que você envia; nada se perde", "· o servidor diz: y (odd)", "ana>")
	p.press("\x04")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v after Ctrl+D, want nil", err)
	}
}

// Who restarts a server says so; nobody needs to hear of the close that follows.
func TestLineModeDrain(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	done := chatOn(t, p, r)
	conn := r.join()
	p.wait(5, "· conectado a "+address(r)+" como ana · /ajuda", "ana>")
	conn.tell(map[string]any{"type": "drain", "reconnect_after_ms": 1})
	p.wait(5, "· O servidor vai reiniciar; você volta sozinho.", "ana>")
	conn.close(1012, "restarting")
	r.hear("\x03\xf4restarting")
	r.join()
	p.wait(5, "· O servidor vai reiniciar; você volta sozinho.", "· reconectado", "ana>")
	p.press("\x04")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v after Ctrl+D, want nil", err)
	}
}

// A message of another day says of which.
func TestOlderMessages(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	done := chatOn(t, p, r)
	conn := r.join()
	p.wait(5, "· conectado a "+address(r)+" como ana · /ajuda", "ana>")
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.Local)
	conn.stored(map[string]any{"type": "message", "time": at.UTC().Format(time.RFC3339), "from": beto, "text": "velha"})
	p.wait(5, "[2020-01-02 03:04] beto: velha", "ana>")
	p.press("\x04")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v after Ctrl+D, want nil", err)
	}
}

// Line mode has the commands of the full screen.
func TestLineModeCommands(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	line := &Line{
		Chat: Chat{
			Texts: locale.New(locale.English), Client: client.Config{URL: r.server.URL + "/ops", Name: "ana"},
			Find: func(current, given string) (string, string, error) {
				return strings.Replace(current, "/ops", "/"+given, 1), "", nil
			},
			Code: func(string) string { return "<QR>\n" },
		},
		In: p.slave, Out: p.slave,
	}
	done := make(chan error, 1)
	go func() { done <- line.Run(t.Context()) }()
	r.join().message(map[string]any{"text": "waves", "event": "me"})
	p.wait(5, "· connected to "+address(r)+" as ana · /help", "[HH:MM] * beto waves", "ana>")
	file := filepath.Join(t.TempDir(), "talk.txt")
	p.press("/export " + file + "\r/export x.doc\r/fila\r/me dances\r")
	r.hear("dances")
	p.wait(5, "ana> /export x.doc", "· The formats are txt, md and json.", "ana> /fila", "· nothing waits, and nothing has failed", "ana> /me dances", "ana>")
	if got, err := os.ReadFile(file); err != nil || !strings.HasSuffix(string(got), "] * beto waves\n") {
		t.Errorf("exported %q, %v", got, err)
	}
	p.press("/qr\r")
	p.wait(5, "ana> /qr", "<QR>", "· "+r.server.URL+"/ops", "· Only this computer can open this address. For phones and others in your network, start the server with recado serve --lan", "ana>")
	p.press("/clear\r")
	p.wait(5, "ana>")
	p.press("/join dev\r")
	r.hear(bye)
	r.join().say("hello")
	p.wait(5, "· connected to "+strings.Replace(address(r), "/ops", "/dev", 1)+" as ana · /help", "[HH:MM] beto: hello", "ana>")
	r.silent = true
	p.press("lost\r")
	r.hear("lost")
	p.press("/queue\r")
	p.wait(5, "ana> /queue", "· Waiting: 1 queued", "· … HH:MM  lost", "· /queue discard: forget what was not sent · /queue retry: send again what failed", "ana>")
	p.press("/queue discard\r/quit\r")
	p.wait(0, "ana> /queue discard", "· 0 messages discarded", "ana> /quit", "· 1 message was not sent", "")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v after /quit, want nil", err)
	}
}
