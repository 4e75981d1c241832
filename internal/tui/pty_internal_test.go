//go:build linux

package tui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"recado/client"
	"recado/internal/locale"
)

// A pty is a person's terminal: keys go in, and vt shows what came out.
type pty struct {
	t      *testing.T
	master *os.File
	slave  *os.File

	mu  sync.Mutex // guards what follows
	vt  *vt
	raw bytes.Buffer
}

func newPTY(t *testing.T, width int) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	control(t, master, func(fd int) error { return unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0) })
	control(t, master, func(fd int) (err error) {
		number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &pty{t: t, master: master, slave: slave, vt: newVT(t, width)}
	p.resize(width)
	var reading sync.WaitGroup
	reading.Go(p.read)
	t.Cleanup(func() {
		master.Close()
		reading.Wait()
		slave.Close()
	})
	return p
}

func (p *pty) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := p.master.Read(buffer)
		p.mu.Lock()
		p.raw.Write(buffer[:n])
		p.vt.Write(buffer[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *pty) resize(width int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vt.resize(width)
	size := &unix.Winsize{Col: uint16(width), Row: 24}
	control(p.t, p.master, func(fd int) error { return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size) })
}

// control does not make f blocking, as its Fd would: closing it could not end a read of it then.
func control(t *testing.T, f *os.File, do func(fd int) error) {
	t.Helper()
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var done error
	if err := raw.Control(func(fd uintptr) { done = do(int(fd)) }); err != nil {
		t.Fatal(err)
	}
	if done != nil {
		t.Fatal(done)
	}
}

func (p *pty) press(keys string) {
	if _, err := io.WriteString(p.master, keys); err != nil {
		p.t.Errorf("typing %q: %v", keys, err)
	}
}

// wait returns when the terminal's last lines are these and the cursor is in that column; in the patterns,
// "HH:MM" is any time.
func (p *pty) wait(column int, patterns ...string) {
	p.t.Helper()
	for i, pattern := range patterns {
		patterns[i] = strings.ReplaceAll("^"+regexp.QuoteMeta(pattern)+"$", "HH:MM", `\d\d:\d\d`)
	}
	var lines []string
	var x int
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		p.mu.Lock()
		lines, x = p.vt.lines(), p.vt.x
		p.mu.Unlock()
		tail := lines[max(0, len(lines)-len(patterns)):]
		if x == column && slices.EqualFunc(tail, patterns, func(line, pattern string) bool {
			return regexp.MustCompile(pattern).MatchString(line)
		}) {
			return
		}
	}
	p.t.Fatalf("the terminal shows %q with the cursor in column %d, want %q and %d", lines, x, patterns, column)
}

// chatOn starts line mode; the result is Run's.
func chatOn(t *testing.T, p *pty, r *room) <-chan error {
	t.Helper()
	line := &Line{
		Chat: Chat{Texts: locale.New(locale.Portuguese), Client: client.Config{
			URL: r.server.URL + "/ops", Random: func() float64 { return 0 },
		}},
		In: p.slave, Out: p.slave,
	}
	done := make(chan error, 1)
	go func() { done <- line.Run(t.Context()) }()
	return done
}

func TestLineMode(t *testing.T) {
	p, r := newPTY(t, 110), newRoom(t)
	before, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	done := chatOn(t, p, r)
	conn := r.join()
	p.wait(5, "· conectado a "+address(r)+" como ana · /ajuda", "ana>")

	p.press("ainda digi")
	p.wait(15, "ana> ainda digi")
	conn.say("olá do outro lado")
	p.wait(15, "[HH:MM] beto: olá do outro lado", "ana> ainda digi")
	p.press("tando 😀")
	p.wait(23, "ana> ainda digitando 😀")
	conn.say("uma linha\noutra linha")
	p.wait(23, "[HH:MM] beto: uma linha", "        outra linha", "ana> ainda digitando 😀")
	p.press("\r")
	r.hear("ainda digitando 😀")
	p.wait(5, "ana> ainda digitando 😀", "ana>")

	// Only what is harmless reaches the terminal.
	conn.say("\x1b]52;c;cm0gLXJm\x07\x1b[2J\x1b[31mvermelho\rfalso\u202e\u009b5n")
	p.wait(5, "[HH:MM] beto: vermelho␍falso\ufffd5n", "ana>")
	conn.message(map[string]any{"base64": "AQID"})
	p.wait(5, "[HH:MM] beto: (binário, 3 bytes)", "ana>")

	p.press("//ajuda\r/nada\r\x15/aj\t\r")
	r.hear("/ajuda")
	p.wait(5, "ana> /ajuda", "· Enter envia · Ctrl+J começa outra linha · ↑ ↓ trazem de volta o que você digitou · Ctrl+L limpa a tela",
		"· Ctrl+R reconecta agora · Ctrl+C limpa o texto, duas vezes sai · Ctrl+D sai",
		"· /ajuda                       Esta ajuda", "· /nick apelido                Trocar o apelido", "· /entrar sala                 Ir para uma sala",
		"· /quem                        Quem está aqui", "· /me texto                    Dizer o que você faz: /me acena",
		"· /historico                   Mostrar mensagens anteriores", "· /export arquivo.txt|md|json  Salvar as mensagens num arquivo",
		"· /limpar                      Limpar esta tela; nada é apagado", "· /qr                          Mostrar o código QR",
		"· /fila [descartar|reenviar]   O que espera para ser enviado, ou falhou; descarta, ou reenvia o que falhou",
		"· /sair                        Sair", "· //                           Enviar um texto que começa com barra", "ana>")

	p.press("\x1b[200~um\r\ndois\x1b[201~\r")
	r.hear("um\ndois")
	p.wait(5, "ana> um", "     dois", "ana>")

	p.resize(60)
	syscall.Kill(os.Getpid(), syscall.SIGWINCH)
	p.press(strings.Repeat("0123456789", 7))
	p.wait(15, "ana> "+strings.Repeat("0123456789", 7)[:55], strings.Repeat("0123456789", 7)[55:])
	p.resize(50)
	syscall.Kill(os.Getpid(), syscall.SIGWINCH)
	p.wait(25, "ana> um", "     dois", "ana> "+strings.Repeat("0123456789", 7)[:45], strings.Repeat("0123456789", 7)[45:])
	p.press("\x03")
	p.wait(5, "ana>")
	p.press("\x04")
	if err = ended(t, done); err != nil {
		t.Errorf("Run() = %v after Ctrl+D, want nil", err)
	}
	r.hear(bye)
	p.wait(0, "")
	after, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	if err != nil || *after != *before {
		t.Errorf("the terminal is left in state %+v, %v, it was %+v", after, err, before)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if raw := p.raw.String(); strings.Contains(raw, "\x1b]") || strings.Contains(raw, "\u202e") {
		t.Errorf("the terminal was given %q", raw)
	}
}

// A person goes on typing while the server is away, and what they send follows.
func TestLineModeReconnects(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	done := chatOn(t, p, r)
	conn := r.join()
	p.wait(5, "· conectado a "+address(r)+" como ana · /ajuda", "ana>")
	p.press("meia frase")
	p.wait(15, "ana> meia frase")
	conn.close(1012, "restarting")
	r.hear("\x03\xf4restarting")
	r.join() // at once: the waits are 0 here
	p.wait(15, "· O servidor está parando ou reiniciando.", "· reconectado", "ana> meia frase")
	p.press(" inteira\r")
	r.hear("meia frase inteira")
	p.press("\x03")
	p.wait(5, "· Ctrl+C de novo sai", "ana>")
	p.press("x\x03")
	p.wait(5, "· Ctrl+C de novo sai", "ana>")
	p.press("\x03")
	if err := ended(t, done); !errors.Is(err, ErrInterrupted) {
		t.Errorf("Run() = %v after Ctrl+C twice, want ErrInterrupted", err)
	}
}

func TestLineModeWithoutServer(t *testing.T) {
	p, r := newPTY(t, 100), newRoom(t)
	host := strings.TrimPrefix(r.server.URL, "http://")
	r.server.Close()
	line := &Line{
		Chat: Chat{Texts: locale.New(locale.English), Client: client.Config{
			URL: r.server.URL, RetryBase: time.Minute, RetryMax: time.Minute, Random: func() float64 { return 0.5 },
		}},
		In: p.slave, Out: p.slave,
	}
	done := make(chan error, 1)
	go func() { done <- line.Run(t.Context()) }()
	p.wait(14, "· Nothing listens on "+host+".", "· To start a server: recado serve",
		"· no connection; trying again in 30 s (Ctrl+R: now)", "reconnecting>")
	p.press("hello\r")
	p.wait(24, "> hello", "reconnecting, 1 queued>")
	p.press("/quit\r")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v after /quit, want nil", err)
	}
	p.wait(0, "> hello", "> /quit", "· 1 message was not sent", "")
}

func TestLineModeRefused(t *testing.T) {
	p := newPTY(t, 100)
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	line := &Line{
		Chat: Chat{Texts: locale.New(locale.English), Client: client.Config{URL: s.URL}},
		In:   p.slave, Out: p.slave,
	}
	var refused *client.RefusedError
	if err := line.Run(t.Context()); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("Run() = %v, want a refusal", err)
	}
}

// On a terminal without escape sequences the lines just follow each other.
func TestPlainLineMode(t *testing.T) {
	p, r := newPTY(t, 60), newRoom(t)
	line := &Line{
		Chat: Chat{Texts: locale.New(locale.English), Client: client.Config{URL: r.server.URL}},
		In:   p.slave, Out: p.slave, Plain: true,
	}
	done := make(chan error, 1)
	go func() { done <- line.Run(t.Context()) }()
	conn := r.join()
	p.press("hello\n")
	r.hear("hello")
	conn.say("hi \x1b[31mthere")
	p.wait(0, "[HH:MM] beto: hi there", "")
	p.press("\x04")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v at the end of the input, want nil", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if raw := p.raw.String(); strings.Contains(raw, "\x1b") {
		t.Errorf("the terminal was given %q", raw)
	}
}
