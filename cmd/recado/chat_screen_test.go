//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// A window is a terminal in which a command runs.
type window struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	ended  chan struct{}

	mu       sync.Mutex // guards what follows
	raw      bytes.Buffer
	emulator *emulator
}

// openWindow starts recado chat in a terminal of 80×24 with a light background.
func openWindow(t *testing.T, env []string, args ...string) *window {
	t.Helper()
	return openTerminal(t, env, append([]string{"chat"}, args...)...)
}

// openTerminal starts any command in such a terminal.
func openTerminal(t *testing.T, env []string, args ...string) *window {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &window{t: t, master: master, ended: make(chan struct{})}
	var lock, number int32
	w.control(syscall.TIOCSPTLCK, unsafe.Pointer(&lock))
	w.control(syscall.TIOCGPTN, unsafe.Pointer(&number))
	w.emulator = newEmulator(80, 24)
	w.resize(80, 24)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	recado := filepath.Join(t.TempDir(), "recado") // TestMain knows the program by this name
	if err = os.Symlink(binary, recado); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	w.cmd = exec.CommandContext(ctx, recado, args...)
	w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = slave, slave, slave
	w.cmd.Env = append([]string{"HOME=" + t.TempDir(), "COLORTERM=truecolor"}, env...)
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err = w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(w.read)
	go func() {
		defer close(w.ended)
		w.cmd.Wait()
	}()
	t.Cleanup(func() {
		cancel()
		<-w.ended
		master.Close()
		reading.Wait()
	})
	return w
}

// control does not make the file blocking, as its Fd would: closing it could not end a read of it then.
func (w *window) control(request uintptr, argument unsafe.Pointer) {
	w.t.Helper()
	raw, err := w.master.SyscallConn()
	if err != nil {
		w.t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(argument)); no != 0 {
			w.t.Fatalf("ioctl %x: %v", request, no)
		}
	})
}

func (w *window) resize(width, height uint16) {
	w.mu.Lock()
	w.emulator.resize(int(width), int(height))
	w.mu.Unlock()
	size := [4]uint16{height, width}
	w.control(syscall.TIOCSWINSZ, unsafe.Pointer(&size))
}

func (w *window) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := w.master.Read(buffer)
		w.mu.Lock()
		w.raw.Write(buffer[:n])
		answer := w.emulator.write(string(buffer[:n]))
		w.mu.Unlock()
		io.WriteString(w.master, answer)
		if err != nil {
			return
		}
	}
}

func (w *window) press(keys string) {
	if _, err := io.WriteString(w.master, keys); err != nil {
		w.t.Errorf("typing %q: %v", keys, err)
	}
}

func (w *window) shown() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.emulator.String()
}

// wait returns when all of the texts are on the screen.
func (w *window) wait(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if err := poll(text, func() bool { return strings.Contains(w.shown(), text) }); err != nil {
			w.t.Fatalf("%v; the screen is\n%s", err, w.shown())
		}
	}
}

// end waits for the exit code, and returns all that was written.
func (w *window) end(code int) string {
	w.t.Helper()
	if err := poll("the end", func() bool {
		select {
		case <-w.ended:
			return true
		default:
			return false
		}
	}); err != nil {
		w.t.Fatalf("%v; the screen is\n%s", err, w.shown())
	}
	if got := w.cmd.ProcessState.ExitCode(); got != code {
		w.t.Errorf("the exit code is %d, want %d; the screen is\n%s", got, code, w.shown())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raw.String()
}

func TestChatScreen(t *testing.T) {
	for language, say := range map[string]struct{ connected, reconnecting, queued, again, quit string }{
		"pt-BR": {"● conectado", "Sem conexão", "1 na fila", "Reconectado · 1 enviada", "/sair"},
		"en":    {"● connected", "Connection lost", "1 queued", "Reconnected · 1 sent", "/quit"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			at, _, stop := serveHere(t, "localhost:0")
			ana := openWindow(t, []string{"TERM=vt220", "RECADO_LANG=" + language}, at+"/ops", "--name", "ana")
			ana.wait("#ops", say.connected, "ana ›")
			beto := startChat(t, at+"/ops", "--name", "beto")
			ana.wait("● beto")
			io.WriteString(beto.stdin, "alguém aí?\n")
			ana.wait("beto │ alguém aí?")
			ana.press("be\t")
			ana.wait("ana › beto:")
			ana.press("sim 😀\r")
			wantRecord(t, beto.stdout, "beto: sim 😀\n")
			ana.wait("ana │ beto: sim 😀", "✓")

			io.WriteString(beto.stdin, "mau\x1b]52;c;cm0=\x07\x1b[2J\rtexto\u202e\u009b5n\n")
			ana.wait("mau␍texto")

			stop()
			ana.wait(say.reconnecting, "◍")
			ana.press("meanwhile\r")
			ana.wait("meanwhile", say.queued)
			_, _, stop = serveHere(t, at)
			ana.press("\x12")        // Ctrl+R
			ana.wait(say.again, "◐") // the server has lost its history
			ana.press("\x0f")        // Ctrl+O: seen
			ana.wait(say.connected)

			ana.resize(20, 6)
			if err := poll("a small screen", func() bool { return !strings.Contains(ana.shown(), "│") }); err != nil {
				t.Errorf("%v:\n%s", err, ana.shown())
			}
			ana.wait("meanwhile", "ana ›")
			ana.resize(80, 24)
			ana.wait(say.connected, "ana │ meanwhile")
			ana.press(say.quit + "\r")
			raw := ana.end(0)
			if last := strings.LastIndex(raw, "\x1b[?1049"); last < 0 || raw[last+7] != 'l' {
				t.Errorf("the terminal is left with %q", raw[max(0, len(raw)-100):])
			}
			for _, evil := range []string{"\x1b]52", "\u202e", "\u009b", "\x1b[5n"} {
				if strings.Contains(raw, evil) {
					t.Errorf("the terminal was given %q", evil)
				}
			}
			if !strings.Contains(raw, "\x1b[38;2;") && !strings.Contains(raw, ";38;2;") {
				t.Error("there are no colours")
			}
			beto.stdin.Close()
			stop()
		})
	}
}

// Any value of NO_COLOR takes the colours away, unless --color brings them back.
func TestChatScreenColors(t *testing.T) {
	at, _, _ := serveHere(t, "localhost:0")
	for name, tt := range map[string]struct {
		args []string
		want bool
	}{
		"NO_COLOR":       {nil, false},
		"--color always": {[]string{"--color", "always"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := openWindow(t, []string{"TERM=xterm-256color", "NO_COLOR=0", "LANG=C"}, append([]string{at + "/colors"}, tt.args...)...)
			w.wait("● connected")
			w.press("\x04")
			if raw := w.end(0); strings.Contains(raw, "38;2;") != tt.want {
				t.Errorf("colours: %t, want %t", !tt.want, tt.want)
			}
		})
	}
}

// A terminal without escape sequences, and a person who wants none, get a line at a time.
func TestChatScreenNot(t *testing.T) {
	at, _, _ := serveHere(t, "localhost:0")
	for term, args := range map[string][]string{"dumb": nil, "xterm": {"--plain"}} {
		w := openWindow(t, []string{"TERM=" + term, "LANG=C"}, append([]string{at + "/lines"}, args...)...)
		w.wait("connected to ws://" + at + "/lines")
		w.press("\x04")
		if raw := w.end(0); strings.Contains(raw, "\x1b[?1049h") {
			t.Errorf("TERM=%s %q takes the whole terminal", term, args)
		}
	}
}
