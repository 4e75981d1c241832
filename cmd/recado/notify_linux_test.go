package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// managed starts recado serve as a service manager does: with these sockets, and with one that hears what it says.
func managed(t *testing.T, environ string, listeners ...*net.TCPListener) (p *process, heard *net.UnixConn) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program, socket := filepath.Join(dir, "recado"), filepath.Join(dir, "notify")
	if err = os.Symlink(binary, program); err != nil { // TestMain knows the program by this name
		t.Fatal(err)
	}
	if heard, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { heard.Close() })
	heard.SetDeadline(time.Now().Add(patience))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	p = &process{stderr: &record{}}
	// Only the shell knows the id that the process will have.
	p.cmd = exec.CommandContext(ctx, "/bin/sh", "-c", environ+` LISTEN_PID=$$ exec "$0" serve`, program)
	p.cmd.Env = []string{"NOTIFY_SOCKET=" + socket, fmt.Sprintf("LISTEN_FDS=%d", len(listeners))}
	p.cmd.Stderr = p.stderr
	for _, l := range listeners {
		file, bad := l.File()
		if bad != nil {
			t.Fatal(bad)
		}
		defer file.Close()
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, file)
	}
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(pipe)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p, heard
}

func listenTCP(t *testing.T) *net.TCPListener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.(*net.TCPListener)
}

func wantState(t *testing.T, heard io.Reader, want string) {
	t.Helper()
	datagram := make([]byte, 100)
	n, err := heard.Read(datagram)
	if got := string(datagram[:n]); err != nil || got != want {
		t.Errorf("the service manager hears %q, %v, want %q", got, err, want)
	}
}

// The sockets are served from the moment at which the service manager hears that they are, and outlast the process.
func TestService(t *testing.T) {
	for name, tt := range map[string]struct {
		names string
		web   int // which socket the page's address is
	}{
		"in order": {"", 1},
		"named":    {"LISTEN_FDNAMES=web:listen", 0},
	} {
		t.Run(name, func(t *testing.T) {
			sockets := []*net.TCPListener{listenTCP(t), listenTCP(t)}
			p, heard := managed(t, tt.names, sockets...)
			wantState(t, heard, "READY=1")
			line, err := p.stdout.ReadString('\n')
			if want := fmt.Sprintf("Servidor WebSocket iniciado em ws://%v\n", sockets[1-tt.web].Addr()); err != nil || line != want {
				t.Errorf("the first line is %q, %v, want %q", line, err, want)
			}
			for _, socket := range sockets {
				answer, bad := http.Get("http://" + socket.Addr().String() + "/readyz")
				if bad != nil {
					t.Fatal(bad)
				}
				answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					t.Errorf("%v answers %s", socket.Addr(), answer.Status)
				}
			}
			p.cmd.Process.Signal(syscall.SIGTERM)
			wantState(t, heard, "STOPPING=1")
			if code := p.wait(t); code != 0 {
				t.Errorf("exit code %d; stderr:\n%s", code, p.stderr)
			}
			conn, err := net.Dial("tcp", sockets[0].Addr().String())
			if err != nil {
				t.Fatalf("a client that comes before the next start: %v", err)
			}
			conn.Close()
		})
	}
}

// The service manager hears when the configuration is read again.
func TestServiceReloads(t *testing.T) {
	p, heard := managed(t, "RECADO_CONFIG=none", listenTCP(t))
	wantState(t, heard, "READY=1")
	p.cmd.Process.Signal(syscall.SIGHUP)
	wantState(t, heard, "RELOADING=1")
	wantState(t, heard, "READY=1")
	p.cmd.Process.Kill()
	p.wait(t)
}

func TestWatchdog(t *testing.T) {
	p, heard := managed(t, "WATCHDOG_USEC=60000", listenTCP(t))
	wantState(t, heard, "READY=1")
	wantState(t, heard, "WATCHDOG=1")
	wantState(t, heard, "WATCHDOG=1")
	p.cmd.Process.Kill()
	p.wait(t)
}

// What is no TCP socket is refused.
func TestWrongSocket(t *testing.T) {
	socket := listenTCP(t)
	p, _ := managed(t, "LISTEN_FDS=2", socket) // the second is not open
	if code := p.wait(t); code != exitConfig || !strings.Contains(p.stderr.String(), "[sockets_invalid]") {
		t.Errorf("exit code %d, want %d; stderr:\n%s", code, exitConfig, p.stderr)
	}
}
