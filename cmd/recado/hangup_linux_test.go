package main

import (
	"strings"
	"syscall"
	"testing"
)

// In a terminal SIGHUP is for reloading, too, unless it says that there is no terminal any more.
func TestHangup(t *testing.T) {
	w := openTerminal(t, nil, "serve", "--listen", "localhost:0", "--web", "")
	seen := func(part string) {
		t.Helper()
		if err := poll(part, func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return strings.Contains(w.raw.String(), part)
		}); err != nil {
			t.Fatal(err)
		}
	}
	seen("Servidor WebSocket iniciado")
	w.cmd.Process.Signal(syscall.SIGHUP)
	seen("configuration reloaded")
	w.master.Close()
	<-w.ended
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
