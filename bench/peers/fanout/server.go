//go:build linux

package main

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// arguments returns the command line of a server.
func arguments(peer string) ([]string, bool) {
	switch peer {
	case "recado":
		return []string{"serve", "--listen", "localhost:0", "--web", "", "--limits-message-rate", "0", "--log-level", "warn"}, true
	case "gws", "gorilla", "coder":
		return []string{"127.0.0.1:0"}, true
	}
	return nil, false
}

// build puts the programs of the servers into dir and returns the versions of what they are made of.
func build(ctx context.Context, dir string, peers []string, stderr io.Writer) (map[string]string, error) {
	versions := map[string]string{}
	for _, peer := range peers {
		from, what := ".", "recado/bench/peers/"+peer
		if peer == "recado" { // a module of its own, with its own go.sum
			out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "recado").Output()
			if err != nil {
				return nil, fmt.Errorf("find recado: %w (fanout is started in bench/peers)", err)
			}
			from, what = strings.TrimSpace(string(out)), "./cmd/recado"
		}
		program := filepath.Join(dir, peer)
		command := exec.CommandContext(ctx, "go", "build", "-C", from, "-trimpath", "-o", program, what)
		command.Stdout, command.Stderr = stderr, stderr
		if err := command.Run(); err != nil {
			return nil, fmt.Errorf("build %s: %w", peer, err)
		}
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, err
		}
		versions[peer] = madeOf(info)
	}
	return versions, nil
}

// madeOf names a peer's library, and for Recado its own version.
func madeOf(info *buildinfo.BuildInfo) string {
	for _, module := range info.Deps {
		switch module.Path {
		case "github.com/lxzan/gws", "github.com/gorilla/websocket", "github.com/coder/websocket":
			return module.Path + " " + module.Version
		}
	}
	return info.Main.Path + " " + info.Main.Version
}

// A server is a running program.
type server struct {
	command *exec.Cmd
	url     string
	ended   chan struct{} // its stdout
}

// start waits until the program has said where it listens. The caller must stop it.
func start(ctx context.Context, dir, peer string, core int) (*server, error) {
	args, _ := arguments(peer)
	command := exec.CommandContext(ctx, filepath.Join(dir, peer), args...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // not even a crash here leaves it behind
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(command, core); err != nil {
		return nil, fmt.Errorf("start %s: %w", peer, err)
	}
	s := &server{command: command, ended: make(chan struct{})}
	urls := make(chan string, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewReader(stdout)
		first, _ := lines.ReadString('\n') // if there is none, there is no address in it
		urls <- regexp.MustCompile(`ws://\S+`).FindString(first)
		_, _ = io.Copy(io.Discard, lines)
	}()
	select {
	case s.url = <-urls:
	case <-time.After(10 * time.Second):
	}
	if s.url == "" {
		s.stop()
		return nil, fmt.Errorf("%s did not say on its first line where it listens", peer)
	}
	return s, nil
}

func (s *server) pid() int {
	return s.command.Process.Pid
}

// stop asks the program to end and, after 5 s, ends it.
func (s *server) stop() {
	_ = s.command.Process.Signal(os.Interrupt)
	timer := time.AfterFunc(5*time.Second, func() { _ = s.command.Process.Kill() })
	defer timer.Stop()
	<-s.ended
	_ = s.command.Wait() // ended by a signal, most of them
}

// startOn starts the command with the core as its only one; Go programs take GOMAXPROCS from that.
func startOn(command *exec.Cmd, core int) error {
	runtime.LockOSThread() // a child gets the cores of the thread that starts it
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := setCore(core); err != nil {
		return err
	}
	err := command.Start()
	return errors.Join(err, unix.SchedSetaffinity(0, &before))
}

// moveTo starts this program again on the core, unless it is there already: only what is set before the start
// holds for all its threads.
func moveTo(core int) error {
	var now unix.CPUSet
	if err := unix.SchedGetaffinity(0, &now); err != nil {
		return err
	}
	if now.Count() == 1 && now.IsSet(core) {
		return nil
	}
	runtime.LockOSThread()
	if err := setCore(core); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}

func setCore(core int) error {
	var only unix.CPUSet
	only.Set(core)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return fmt.Errorf("pin to core %d: %w", core, err)
	}
	return nil
}
