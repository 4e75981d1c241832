package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"recado/client"
	"recado/internal/locale"
)

// A sink is an Out or Err that tests can look into while it is written.
type sink struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *sink) wait(t *testing.T, want string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if s.String() == want {
			return
		}
	}
	t.Fatalf("written %q, want %q", s, want)
}

func pipeTo(url string, in io.Reader) (p *Pipe, out, errors *sink) {
	out, errors = &sink{}, &sink{}
	return &Pipe{
		Chat: Chat{
			Texts:  locale.New(locale.English),
			Client: client.Config{URL: url, Random: func() float64 { return 0 }},
		},
		In: in, Out: out, Err: errors,
	}, out, errors
}

func running(t *testing.T, p *Pipe) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Run(t.Context()) }()
	return done
}

func TestPipe(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	p, out, errs := pipeTo(r.server.URL, in)
	done := running(t, p)
	conn := r.join()
	io.WriteString(keyboard, "one\r\n\nthree")
	r.hear("one")
	r.hear("")
	conn.say("um\ndois \x1b[31mvermelho")
	conn.message(map[string]any{"base64": "AA=="})
	conn.message(map[string]any{"text": "", "event": "typing", "ephemeral": true})
	out.wait(t, "um\\ndois \x1b[31mvermelho\n")
	errs.wait(t, "recado: a binary message was left out (1 byte)\n")
	keyboard.Close()
	r.hear("three")
	r.hear(bye)
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

func TestPipeToTerminal(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	p, out, _ := pipeTo(r.server.URL, in)
	p.Terminal = true
	done := running(t, p)
	r.join().say("a\nb\x1b]0;owned\x07\rc\u202e")
	out.wait(t, `a\nb\rc`+"\n")
	keyboard.Close()
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

// The very first attempt decides whether there is a server; In is not touched before.
func TestPipeUnreachable(t *testing.T) {
	r := newRoom(t)
	r.server.Close()
	in := strings.NewReader("unread\n")
	p, _, _ := pipeTo(r.server.URL, in)
	var unreachable *UnreachableError
	err := ended(t, running(t, p))
	if !errors.As(err, &unreachable) || in.Len() != len("unread\n") {
		t.Errorf("Run() = %v with %d bytes unread, want an UnreachableError and all", err, in.Len())
	}
	if id, _ := Problem(err, "ws://x/"); id != "no_server" {
		t.Errorf("the problem is %s, want no_server", id)
	}
}

func TestPipeRefused(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"error":{"code":"origin_refused","status":403,"message":"No.\u001b[31m","hint":"Ask."}}`)
	}))
	defer s.Close()
	p, _, _ := pipeTo(s.URL, strings.NewReader("a\n"))
	var refused *client.RefusedError
	if err := ended(t, running(t, p)); !errors.As(err, &refused) {
		t.Fatalf("Run() = %v, want a refusal", err)
	}
	message, hint := Refusal(refused, p.Texts)
	if message != "The server refused: No. (origin_refused)" || hint != "Ask." {
		t.Errorf("the texts are %q and %q", message, hint)
	}
}

// A connection that breaks is replaced; what it may have taken along is told.
func TestPipeReconnects(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	p, _, errs := pipeTo(r.server.URL, in)
	done := running(t, p)
	conn := r.join()
	conn.close(1001, "going_away")
	r.hear("\x03\xe9going_away")
	r.join()
	errs.wait(t, "recado: The server is stopping or restarting. Reconnecting…\nrecado: reconnected\n")
	io.WriteString(keyboard, "after\n")
	r.hear("after")
	keyboard.Close()
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

func TestPipeMessageTooBig(t *testing.T) {
	r := newRoom(t)
	p, _, _ := pipeTo(r.server.URL, strings.NewReader("fits\n"+strings.Repeat("x", 101)+"\n"))
	done := running(t, p)
	r.hear("fits")
	r.hear(bye)
	var long *LineTooLongError
	if err := ended(t, done); !errors.As(err, &long) || *long != (LineTooLongError{Line: 2, Limit: 100}) {
		t.Errorf("Run() = %v, want line 2 too long", err)
	}
}

// A line that grows while it is made UTF-8 may not fit any more.
func TestPipeReplacedTooBig(t *testing.T) {
	r := newRoom(t)
	p, _, _ := pipeTo(r.server.URL, strings.NewReader(strings.Repeat("\xff.", 50)))
	var long *LineTooLongError
	if err := ended(t, running(t, p)); !errors.As(err, &long) || long.Line != 1 {
		t.Errorf("Run() = %v, want line 1 too long", err)
	}
}

// What the server does not acknowledge before it forgets makes the end an error.
func TestPipeUncertain(t *testing.T) {
	r := newRoom(t)
	r.silent = true
	p, _, errs := pipeTo(r.server.URL, strings.NewReader("in vain\n"))
	done := running(t, p)
	conn := r.join()
	r.hear("in vain")
	for !p.ending.Load() {
		time.Sleep(time.Millisecond)
	}
	conn.close(4003, "session_replaced")
	var lost *client.LostError
	if err := ended(t, done); !errors.As(err, &lost) || lost.Uncertain != 1 {
		t.Errorf("Run() = %v, want one message in doubt", err)
	}
	if got := errs.String(); strings.Contains(got, "may not") {
		t.Errorf("told %q, want the error alone to tell it", got)
	}
}

func TestPipeGapAndLosses(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	r.silent = true
	p, _, errs := pipeTo(r.server.URL, in)
	running(t, p)
	conn := r.join()
	io.WriteString(keyboard, "a\nb\n")
	r.hear("a")
	r.hear("b")
	for range 2 {
		conn.tell(map[string]any{"type": "error", "code": "rate_limited", "message": "x", "retry_after_ms": 1000})
	}
	conn.tell(map[string]any{"type": "gap", "from": 11, "to": 24, "missed": 14, "reason": "slow", "position": "k.24"})
	conn.close(4003, "session_replaced")
	errs.wait(t, "recado: too fast: the server takes what you send more slowly; nothing is lost\n"+
		"recado: 14 messages skipped\n"+
		"recado: 2 messages may not have arrived: the connection broke, and the server cannot tell any more.\n"+
		"recado: The server closed the connection: session_replaced (4003). Reconnecting…\n"+
		"recado: reconnected\n")
}

func TestPipeJSON(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	p, out, _ := pipeTo(r.server.URL, in)
	p.JSON, p.Terminal = true, true
	done := running(t, p)
	conn := r.join()
	conn.message(map[string]any{"text": "<a>\n\u202e\u009b😀"})
	conn.message(map[string]any{"json": map[string]any{"ok": true}, "event": "build"})
	conn.message(map[string]any{"base64": "AP8="})
	conn.message(map[string]any{"text": "", "event": "typing", "ephemeral": true})
	from := `"time":"` + today + `","from":{"id":"` + beto["id"] + `","name":"beto"}`
	out.wait(t, `{"position":"k.11","type":"message","seq":11,`+from+`,"text":"<a>\n\u202e\u009b😀"}`+"\n"+
		`{"position":"k.12","type":"message","seq":12,`+from+`,"json":{"ok":true},"event":"build"}`+"\n"+
		`{"position":"k.13","type":"message","seq":13,`+from+`,"base64":"AP8="}`+"\n"+
		`{"type":"message",`+from+`,"text":"","event":"typing","ephemeral":true}`+"\n")
	keyboard.Close()
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

func TestPipeNotUTF8(t *testing.T) {
	r := newRoom(t)
	p, _, errs := pipeTo(r.server.URL, strings.NewReader("ol\xe1\n\xff\n"))
	done := running(t, p)
	r.hear("ol\ufffd")
	r.hear("\ufffd")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	if got := errs.String(); strings.Count(got, "UTF-8") != 1 {
		t.Errorf("told %q, want one warning", got)
	}
}

// When nobody reads the output any more there is nothing left to do.
func TestPipeClosed(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	p, _, errs := pipeTo(r.server.URL, in)
	p.Out = brokenPipe{}
	done := running(t, p)
	r.join().say("unheard")
	if err := ended(t, done); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	r.hear(bye)
	if got := errs.String(); got != "" {
		t.Errorf("told %q, want silence", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, &net.OpError{Op: "write", Err: syscall.EPIPE} }

func TestPipeContext(t *testing.T) {
	r := newRoom(t)
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	p, _, _ := pipeTo(r.server.URL, in)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	io.WriteString(keyboard, "x\n")
	r.hear("x") // it is connected
	cancel()
	if err := ended(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want the context's error", err)
	}
	r.hear(bye)
}

func TestPipeWrongURL(t *testing.T) {
	p, _, _ := pipeTo("gopher://x", strings.NewReader(""))
	if err := p.Run(t.Context()); !errors.Is(err, client.ErrURL) {
		t.Errorf("Run() = %v, want ErrURL", err)
	}
}
