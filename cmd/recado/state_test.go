//go:build unix

package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// talk opens a connection of recado.v1, or a raw one, in the room ops.
func (p *process) talk(t *testing.T, query string, protocols ...string) net.Conn {
	t.Helper()
	conn, _, _, err := ws.Dialer{Protocols: protocols}.Dial(t.Context(), "ws://"+p.at+"/ops"+query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// hear returns the next text that the server sends.
func hear(t *testing.T, conn net.Conn) string {
	t.Helper()
	text, err := wsutil.ReadServerText(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What was said before a stop is there after the next start, and after one in a hurry, too.
func TestStateOutlastsRestarts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recado.state")
	p := serve(t, "--state", file)
	conn := p.talk(t, "?echo=1")
	wsutil.WriteClientText(conn, []byte("before"))
	hear(t, conn)
	conn.Close()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if code := p.wait(t); code != 0 {
		t.Fatalf("exit code %d; stderr:\n%s", code, p.stderr)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the state is %v, %v, want mode 0600", info, err)
	}

	for _, hurry := range []bool{true, false} {
		p = serve(t, "--state", file)
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("Stat = %v, want the file to be consumed", err)
		}
		conn = p.talk(t, "", "recado.v1")
		wsutil.WriteClientText(conn, []byte(`{"type":"hello","history":9}`))
		hear(t, conn) // welcome
		if history := hear(t, conn); !strings.Contains(history, `"text":"before"`) {
			t.Errorf("the history is %s", history)
		}
		want := 0
		p.cmd.Process.Signal(syscall.SIGTERM)
		if hurry {
			want = 143
			poll("the stop", func() bool { return strings.Contains(p.stderr.String(), "server stopping") })
			p.cmd.Process.Signal(syscall.SIGTERM)
		} else {
			conn.Close()
		}
		if code := p.wait(t); code != want {
			t.Errorf("exit code %d, want %d; stderr:\n%s", code, want, p.stderr)
		}
	}
	if state, err := os.ReadFile(file); err != nil || !bytes.Contains(state, []byte("before")) {
		t.Errorf("the state is %q, %v", state, err)
	}
}

func TestStateCannotBeWritten(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "state")
	os.Mkdir(directory, 0o700)
	p := serve(t, "--state", filepath.Join(directory, "recado.state"))
	os.Remove(directory)
	p.cmd.Process.Signal(os.Interrupt)
	if code := p.wait(t); code != exitFailure || !strings.Contains(p.stderr.String(), "[state_unwritable]") ||
		!strings.Contains(p.stderr.String(), "The history of this run is lost") {
		t.Errorf("exit code %d, want %d and why; stderr:\n%s", code, exitFailure, p.stderr)
	}
}
