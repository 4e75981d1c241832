//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A chatter is recado chat in a pipe, with a stdin that stays open.
type chatter struct {
	stdin          *io.PipeWriter
	stdout, stderr *record
	code           chan int
}

func startChat(t *testing.T, args ...string) *chatter {
	t.Helper()
	in, keyboard := io.Pipe()
	c := &chatter{stdin: keyboard, stdout: &record{}, stderr: &record{}, code: make(chan int, 1)}
	p := &program{
		stdin: in, stdout: c.stdout, stderr: c.stderr,
		getenv: func(string) string { return "" }, environ: func() []string { return nil },
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	go func() { c.code <- p.run(ctx, append([]string{"chat"}, args...)) }()
	return c
}

func (c *chatter) end(t *testing.T) {
	t.Helper()
	c.stdin.Close()
	select {
	case code := <-c.code:
		if code != 0 {
			t.Errorf("the exit code is %d, stderr %q", code, c.stderr)
		}
	case <-time.After(patience):
		t.Error("recado chat does not end")
	}
}

func wantRecord(t *testing.T, r *record, want string) {
	t.Helper()
	if err := poll(want, func() bool { return r.String() == want }); err != nil {
		t.Fatalf("written %q: %v", r, err)
	}
}

// serveHere runs recado serve in this process, so that a restart takes next to no time.
func serveHere(t *testing.T, listen string) (at string, log *record, stop func()) {
	t.Helper()
	stdout, stderr := &record{}, &record{}
	p := &program{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		getenv: func(string) string { return "" }, environ: func() []string { return nil },
	}
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() { code <- p.run(ctx, []string{"serve", "--listen", listen, "--web", ""}) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if c := <-code; c != 0 {
			t.Errorf("recado serve ended with the code %d: %s", c, stderr)
		}
	})
	t.Cleanup(stop)
	if err := poll("the first line", func() bool { return strings.HasSuffix(stdout.String(), "\n") }); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(stdout.String()), "Servidor WebSocket iniciado em ws://"), stderr, stop
}

// Two chats hear each other and not themselves, and still do when the server was restarted under them.
func TestChat(t *testing.T) {
	at, log, stop := serveHere(t, "localhost:0")
	ana, beto := startChat(t, at+"/ops"), startChat(t, at+"/ops")
	if err := poll("both in the room", func() bool { return strings.Contains(log.String(), "clients=2") }); err != nil {
		t.Fatal(err)
	}
	io.WriteString(ana.stdin, "oi\n")
	wantRecord(t, beto.stdout, "oi\n")
	io.WriteString(beto.stdin, "oi, ana\nsegunda linha\n")
	wantRecord(t, ana.stdout, "oi, ana\nsegunda linha\n")
	wantRecord(t, beto.stdout, "oi\n")

	stop()
	_, log, stop = serveHere(t, at)
	if err := poll("both again", func() bool { return strings.Contains(log.String(), "clients=2") }); err != nil {
		t.Fatal(err)
	}
	io.WriteString(ana.stdin, "de volta\n")
	wantRecord(t, beto.stdout, "oi\nde volta\n")
	for _, c := range []*chatter{ana, beto} {
		c.end(t)
		const told = "recado: The server is stopping or restarting. Reconnecting…\nrecado: reconnected\n" +
			"recado: The server started anew. What was said meanwhile may be missing here\n" // it has kept no history
		if got := c.stderr.String(); got != told {
			t.Errorf("told %q, want %q", got, told)
		}
	}
	stop()
	if log := log.String(); strings.Count(log, "code=1000") != 2 {
		t.Errorf("the chats did not take their leave: %s", log)
	}
}

// With --json, a line has all that is known of a message.
func TestChatJSON(t *testing.T) {
	at, log, _ := serveHere(t, "localhost:0")
	ana, beto := startChat(t, at+"/", "--name", "ana"), startChat(t, at+"/", "--json")
	if err := poll("both in the room", func() bool { return strings.Count(log.String(), "client introduced") == 2 }); err != nil {
		t.Fatal(err)
	}
	io.WriteString(ana.stdin, "oi\n")
	want := regexp.MustCompile(`^{"position":"\w+\.\d+","type":"message","seq":\d+,"time":"[^"]+Z","from":{"id":"m\w{26}","name":"ana"},"text":"oi"}\n$`)
	if err := poll("the message", func() bool { return want.MatchString(beto.stdout.String()) }); err != nil {
		t.Fatalf("written %q: %v", beto.stdout, err)
	}
	ana.end(t)
	beto.end(t)
}

func TestChatSignal(t *testing.T) {
	server := serve(t)
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	recado := filepath.Join(t.TempDir(), "recado") // TestMain knows the program by this name
	if err = os.Symlink(binary, recado); err != nil {
		t.Fatal(err)
	}
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		room := "signal-" + sig.String()
		room = strings.ReplaceAll(room, " ", "-")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, recado, "chat", server.at+"/"+room)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if err := poll(room, func() bool { return strings.Contains(server.stderr.String(), "room="+room) }); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Signal(sig)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Errorf("after %v the exit code is %d, want %d", sig, code, want)
		}
	}
	server.cmd.Process.Signal(syscall.SIGINT)
	server.wait(t)
}

func TestRoomAddress(t *testing.T) {
	tests := map[string]struct{ server, given, want string }{
		"a room":              {"ws://localhost:8765/", "ops", "ws://localhost:8765/ops"},
		"a room elsewhere":    {"https://example.com/lobby", "ops", "https://example.com/ops"},
		"a room with a dot":   {"ws://localhost:8765/", "example.com", "ws://localhost:8765/example.com"},
		"a room with a colon": {"ws://localhost:8765/", "a:b", "ws://localhost:8765/a:b"},
		"in another form":     {"ws://localhost:8765/", "sa\u0303o", "ws://localhost:8765/s%C3%A3o"},
		"host and port":       {"ws://localhost:8765/", "example.com:80", "ws://example.com:80"},
		"host, port and room": {"ws://localhost:8765/", "[::1]:8765/ops", "ws://[::1]:8765/ops"},
		"an address":          {"ws://localhost:8765/", "wss://example.com/a?echo=1", "wss://example.com/a?echo=1"},
		"reserved":            {"ws://localhost:8765/", "healthz", ""},
		"not a room":          {"ws://localhost:8765/", "a b", ""},
		"nothing":             {"ws://localhost:8765/", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := roomAddress(tt.server, tt.given)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("roomAddress(%q, %q) = %q, %v, want %q", tt.server, tt.given, got, err, tt.want)
			}
		})
	}
}
