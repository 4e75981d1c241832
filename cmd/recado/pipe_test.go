//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// long is how long a test waits for what takes a while on a busy machine.
const long = time.Minute

// A command is one of recado's that runs in this process.
type command struct {
	stdout *io.PipeReader
	stderr *record
	stop   func()
	code   chan int
}

func start(t *testing.T, stdin io.Reader, args ...string) *command {
	t.Helper()
	out, in := io.Pipe()
	c := &command{stdout: out, stderr: &record{}, code: make(chan int, 1)}
	p := &program{
		stdin: stdin, stdout: in, stderr: c.stderr,
		getenv: func(string) string { return "" }, environ: func() []string { return nil },
	}
	ctx, stop := context.WithTimeout(context.Background(), long)
	c.stop = stop
	t.Cleanup(func() {
		stop()
		out.Close()
	})
	go func() {
		c.code <- p.run(ctx, args)
		in.Close()
	}()
	return c
}

// wantCode waits for the end.
func (c *command) wantCode(t *testing.T, want int) {
	t.Helper()
	select {
	case code := <-c.code:
		if code != want {
			t.Errorf("exit code %d, want %d; stderr:\n%s", code, want, c.stderr)
		}
	case <-time.After(long):
		t.Fatalf("the command does not end; stderr:\n%s", c.stderr)
	}
}

// wantOutput waits for a good end after that output.
func (c *command) wantOutput(t *testing.T, want string) {
	t.Helper()
	if got, err := io.ReadAll(c.stdout); string(got) != want {
		t.Errorf("written %q, %v, want %q", got, err, want)
	}
	c.wantCode(t, 0)
}

// serveMany starts a server for many lines, and returns when it listens.
func serveMany(t *testing.T, listen string, flags ...string) (at string, server *command) {
	t.Helper()
	server = start(t, strings.NewReader(""), append([]string{
		"serve", "--listen", listen, "--web", "", "--log-level", "error", "--limits-message-rate", "0",
		"--history-messages", "30000", "--history-bytes", "64MiB",
	}, flags...)...)
	line, err := bufio.NewReader(server.stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%v; stderr:\n%s", err, server.stderr)
	}
	go io.Copy(io.Discard, server.stdout)
	return strings.TrimPrefix(strings.TrimSpace(line), "Servidor WebSocket iniciado em ws://"), server
}

// Every line of a long log arrives once and in its order, although the server restarts in the middle.
func TestPipeOutlastsARestart(t *testing.T) {
	const lines, middle = 20_000, 8_000
	file := filepath.Join(t.TempDir(), "state")
	at, server := serveMany(t, "localhost:0", "--state", file)
	sub := start(t, strings.NewReader(""), "sub", at+"/logs", "--json", "--since", "all", "--limit", fmt.Sprint(lines))
	var text strings.Builder
	for i := range lines {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	pub := start(t, strings.NewReader(text.String()), "pub", at+"/logs", "--name", "app")

	halfway := make(chan struct{})
	var restart sync.WaitGroup
	restart.Go(func() {
		<-halfway
		server.stop()
		server.wantCode(t, 0)
		_, server = serveMany(t, at, "--state", file)
	})
	var got struct {
		Text string
		From struct{ Name string }
	}
	n := 0
	for from := bufio.NewScanner(sub.stdout); from.Scan(); n++ {
		if err := json.Unmarshal(from.Bytes(), &got); err != nil || got.Text != fmt.Sprintf("line %d", n) || got.From.Name != "app" {
			t.Fatalf("line %d is %q, %v", n, from.Bytes(), err)
		}
		if n == middle {
			close(halfway)
		}
	}
	if n != lines {
		t.Errorf("%d lines arrived, want %d", n, lines)
	}
	sub.wantCode(t, 0)
	pub.wantCode(t, 0)
	restart.Wait()
	if told := sub.stderr.String(); strings.Contains(told, "missing") || !strings.Contains(told, "reconnected") {
		t.Errorf("sub told:\n%s", told)
	}
}

// What a server that is gone for good has not confirmed is told, and nothing waits for ever.
func TestPubTellsWhatIsLost(t *testing.T) {
	at, server := serveMany(t, "localhost:0")
	lines, keyboard := io.Pipe()
	defer keyboard.Close()
	pub := start(t, lines, "pub", at+"/logs", "--wait", "300ms")
	sub := start(t, strings.NewReader(""), "sub", at+"/logs", "--since", "all", "--limit", "1")
	io.WriteString(keyboard, "arrives\n")
	sub.wantOutput(t, "arrives\n")
	server.stop()
	server.wantCode(t, 0)
	io.WriteString(keyboard, "does not\n") // and the input goes on
	pub.wantCode(t, exitFailure)
	if told := pub.stderr.String(); !strings.Contains(told, "\nrecado: 1 message was not sent") || !strings.Contains(told, "[messages_lost]") {
		t.Errorf("pub told:\n%s", told)
	}
}

// A server that is not there yet is waited for.
func TestPubWaitsForTheServer(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	pub := start(t, strings.NewReader(""), "pub", "localhost:"+port+"/logs", "--wait", "1m", "at", "last")
	at, _ := serveMany(t, "localhost:"+port)
	pub.wantCode(t, 0)
	sub := start(t, strings.NewReader(""), "sub", at+"/logs", "--since", "all", "--limit", "1")
	sub.wantOutput(t, "at last\n")
}
