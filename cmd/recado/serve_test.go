//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A record is what a process writes. It may be written and read concurrently.
type record struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// A process is recado serve as a person would start it.
type process struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *record
	at     string // host:port
}

func serve(t *testing.T, flags ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	recado := filepath.Join(t.TempDir(), "recado") // TestMain knows the program by this name
	if err = os.Symlink(binary, recado); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	p := &process{stderr: &record{}}
	p.cmd = exec.CommandContext(ctx, recado, append([]string{"serve", "--listen", "localhost:0", "--web", ""}, flags...)...)
	p.cmd.Env = []string{}
	p.cmd.Stderr = p.stderr
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err = p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(pipe)
	line, err := p.stdout.ReadString('\n')
	scheme, at, found := strings.Cut(strings.TrimPrefix(line, "Servidor WebSocket iniciado em "), "://")
	if err != nil || !found || scheme != "ws" && scheme != "wss" {
		t.Fatalf("the first line is %q, %v", line, err)
	}
	p.at = strings.TrimSuffix(at, "\n")
	return p
}

// join opens a WebSocket connection that answers nothing.
func (p *process) join(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", p.at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, "GET /ops HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	from := bufio.NewReader(conn)
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() // there is none
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("joining: status %d", response.StatusCode)
	}
	if err := poll("the client in the log", func() bool { return strings.Contains(p.stderr.String(), "client connected") }); err != nil {
		t.Fatal(err)
	}
	return conn, from
}

// wait returns the exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	io.Copy(io.Discard, p.stdout)
	err := p.cmd.Wait()
	if _, is := errors.AsType[*exec.ExitError](err); err != nil && !is {
		t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

func TestSignals(t *testing.T) {
	const (
		goingAway  = "\x03\xe9" // 1001
		restarting = "\x03\xf4" // 1012
	)
	tests := map[string]struct {
		first, second os.Signal // nil: none; the client leaves by itself
		close         string
		exit          int
	}{
		"Ctrl+C":           {first: os.Interrupt, close: goingAway, exit: 0},
		"SIGTERM":          {first: syscall.SIGTERM, close: restarting, exit: 0},
		"Ctrl+C twice":     {first: os.Interrupt, second: os.Interrupt, close: goingAway, exit: 130},
		"Ctrl+C, SIGTERM":  {first: os.Interrupt, second: syscall.SIGTERM, close: goingAway, exit: 143},
		"SIGTERM, Ctrl+C":  {first: syscall.SIGTERM, second: os.Interrupt, close: restarting, exit: 130},
		"SIGTERM at twice": {first: syscall.SIGTERM, second: syscall.SIGTERM, close: restarting, exit: 143},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := serve(t)
			conn, from := p.join(t)
			p.cmd.Process.Signal(tt.first)
			frame := make([]byte, 4)
			if _, err := io.ReadFull(from, frame); err != nil || frame[0] != 0x88 || string(frame[2:]) != tt.close {
				t.Errorf("received %#x, %v, want a close frame with %#x", frame, err, tt.close)
			}
			if tt.second != nil {
				p.cmd.Process.Signal(tt.second)
			} else {
				conn.Close()
			}
			if code := p.wait(t); code != tt.exit {
				t.Errorf("exit code %d, want %d; stderr:\n%s", code, tt.exit, p.stderr)
			}
			for _, line := range []string{`msg="client connected"`, `msg="server stopping" clients=1`, `msg="client disconnected"`} {
				if !strings.Contains(p.stderr.String(), line) {
					t.Errorf("no %s in the log:\n%s", line, p.stderr)
				}
			}
		})
	}
}

// A silent client does not keep the program from ending.
func TestStopEndsInTime(t *testing.T) {
	p := serve(t)
	p.join(t)
	began := time.Now()
	p.cmd.Process.Signal(os.Interrupt)
	if code := p.wait(t); code != 0 || time.Since(began) > leaveTime+5*time.Second {
		t.Errorf("exit code %d after %v, want 0 within %v", code, time.Since(began), leaveTime)
	}
}
