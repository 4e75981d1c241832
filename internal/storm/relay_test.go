package storm_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A relay is the real server as a process of its own, always at one address.
type relay struct {
	t       *testing.T
	binary  string
	address string
	flags   []string
	process *exec.Cmd
	ended   chan struct{} // closed when the process is gone
}

// newRelay builds the server and starts it; at the test's end it is killed.
func newRelay(t *testing.T, flags ...string) *relay {
	t.Helper()
	r := &relay{t: t, binary: filepath.Join(t.TempDir(), "recado"), address: freeAddress(t), flags: flags}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", r.binary, "../../cmd/recado")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Cleanup(func() { r.stop(os.Kill) })
	r.start()
	return r
}

// start returns when the server listens.
func (r *relay) start() {
	r.t.Helper()
	log, err := os.OpenFile(filepath.Join(r.t.ArtifactDir(), "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	args := append([]string{"serve", "--listen", r.address, "--web", "", "--log-level", "warn"}, r.flags...)
	process := exec.Command(r.binary, args...)
	process.Stderr = log
	stdout, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.process, r.ended = process, make(chan struct{})
	late := time.AfterFunc(patience, func() { process.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	go func() {
		defer close(r.ended)
		io.Copy(io.Discard, lines)
		process.Wait()
	}()
	if want := "Servidor WebSocket iniciado em ws://" + r.address; strings.TrimSpace(line) != want {
		text, _ := os.ReadFile(log.Name())
		r.t.Fatalf("the server says %q, %v, want %q; its log:\n%s", line, err, want, text)
	}
}

// stop ends the server by a signal and returns when it is gone.
func (r *relay) stop(signal os.Signal) {
	r.t.Helper()
	if r.process == nil {
		return
	}
	r.process.Process.Signal(signal)
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Errorf("the server goes on after %v", signal)
		r.process.Process.Kill()
		<-r.ended
	}
	if code := r.process.ProcessState.ExitCode(); signal == syscall.SIGTERM && code != 0 {
		r.t.Errorf("the server ended with code %d", code)
	}
	r.process = nil
}

// freeAddress finds a port that no outgoing connection will take while the server is away.
func freeAddress(t *testing.T) string {
	t.Helper()
	for i := range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+(os.Getpid()*89+i)%10_000)
		listener, err := net.Listen("tcp", address)
		if err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}
