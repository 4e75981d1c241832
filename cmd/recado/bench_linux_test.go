package main

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A server that goes away breaks the load off; what was measured until then is shown.
func TestBenchBroken(t *testing.T) {
	server := serve(t, "--log-level", "warn")
	stdout, stderr := &record{}, &record{}
	p := &program{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		getenv: func(string) string { return "" }, environ: func() []string { return nil },
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	code := make(chan int, 1)
	go func() {
		code <- p.run(ctx, []string{
			"bench", server.at + "/ops", "--clients", "4", "--duration", "30s", "--warmup", "0", "--in-flight", "1",
			"--pid", strconv.Itoa(server.cmd.Process.Pid),
		})
	}()
	if err := poll("the measurement", func() bool { return strings.Contains(stderr.String(), "measuring") }); err != nil {
		t.Fatal(err)
	}
	server.cmd.Process.Signal(syscall.SIGINT)
	server.wait(t)
	if got := <-code; got != exitFailure {
		t.Errorf("the exit code is %d, want %d", got, exitFailure)
	}
	if text := stderr.String(); !strings.Contains(text, `the server closed the connection: 1001`) || !strings.Contains(text, "[bench_broken]") {
		t.Errorf("stderr is %q, want the reason", text)
	}
	if !strings.Contains(stdout.String(), "latency p50") || strings.Contains(stdout.String(), "-") {
		t.Errorf("stdout is %q, want the table", stdout)
	}
}

func TestBenchSignal(t *testing.T) {
	server := serve(t)
	recado := program{stdin: strings.NewReader(""), stdout: &record{}, stderr: &record{}, getenv: func(string) string { return "" }}
	code := make(chan int, 1)
	go func() {
		code <- recado.run(t.Context(), []string{"bench", server.at, "--clients", "4", "--duration", "30s", "--warmup", "0"})
	}()
	if err := poll("the measurement", func() bool { return strings.Contains(recado.stderr.(*record).String(), "measuring") }); err != nil {
		t.Fatal(err)
	}
	syscall.Kill(syscall.Getpid(), syscall.SIGINT)
	if got := <-code; got != 130 {
		t.Errorf("after Ctrl+C the exit code is %d, want 130", got)
	}
	server.cmd.Process.Signal(syscall.SIGINT)
	server.wait(t)
}
