//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A server is a running program.
type server struct {
	command *exec.Cmd
	url     string
	ended   chan struct{} // its stdout
}

// start waits until the program has said where it listens. The caller must stop it.
func start(ctx context.Context, p program, core int) (*server, error) {
	command := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // not even a crash here leaves it behind
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(command, core); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
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
		return nil, fmt.Errorf("%s did not say on its first line where it listens", p.name)
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
