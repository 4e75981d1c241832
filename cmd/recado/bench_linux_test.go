package main

import (
	"context"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gobwas/ws"
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

// A server that only relays cannot be measured in recado.v1.
func TestBenchProtocol(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			ws.Upgrade(conn)
			conn.Close()
		}
	}()
	stderr := &record{}
	p := &program{
		stdin: strings.NewReader(""), stdout: &record{}, stderr: stderr,
		getenv: func(string) string { return "" }, environ: func() []string { return nil },
	}
	code := p.run(t.Context(), []string{"bench", "--protocol", "recado.v1", "--clients", "2", "--in-flight", "1", listener.Addr().String()})
	if code != exitRefused || !strings.Contains(stderr.String(), "does not speak recado.v1. [bench_protocol]") {
		t.Errorf("the exit code is %d, stderr %q, want %d and that the server does not speak recado.v1", code, stderr, exitRefused)
	}
	listener.Close()
	<-ended
}

// What is wrong with the command line is said before anything is connected.
func TestBenchRefuses(t *testing.T) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		code int
		want string
	}{
		{"--fail-if p98>1s", exitUsage, `There is no figure p98. There are: deliveries`},
		{"--fail-if lost>0,p99>50", exitUsage, `p99 is compared with a value like 50ms`},
		{"--rate fast", exitUsage, `It takes a number of messages a second`},
		{"--stall 110%", exitUsage, `It takes a share`},
		{"--churn often", exitUsage, `It takes a number of connections a second`},
		{"--churn 1000000/s", exitUsage, `can come and go`},
		{"--protocol mqtt", exitUsage, `It takes one of: raw, recado.v1, sse`},
		{"--size 1cm", exitUsage, `It takes a size`},
		{"--clients many", exitUsage, `value_invalid`},
		{"--rate 1/s --in-flight 2", exitUsage, `choose one of them`},
		{"--duration 0 --stall 1", exitUsage, `Idle connections send nothing`},
		{"--clients 10 --rooms 6", exitUsage, `Each room needs two clients`},
		{"--senders 17", exitUsage, `fewer --senders, or more --in-flight`},
		{"--size 15", exitUsage, `from 16 bytes`},
		{"--size 0", exitUsage, `from 16 bytes`},
		{"--clients 0", exitUsage, `Each room needs two clients`},
		{"wss://localhost:1/", exitUsage, `wss:// cannot be measured`},
		{"ws://192.0.2.1/", exitUsage, `192.0.2.1 is neither this machine nor in a private network. [bench_public]`},
		{"--pid 999999999", exitUsage, `Process 999999999 cannot be measured`},
		{"a b", exitUsage, `argument_unexpected`},
		{"--json none/new.json", exitFailure, `Cannot use the file none/new.json`},
		{"--html none/new.html", exitFailure, `Cannot use the file none/new.html`},
		{"--compare none.json", exitFailure, `Cannot use the file none.json`},
		{"", exitUnreachable, `Nothing listens on localhost:`},
		{"--clients 5000000", exitConfig, `fd_limit`},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			stderr := &record{}
			p := &program{
				stdin: strings.NewReader(""), stdout: &record{}, stderr: stderr,
				getenv: func(name string) string { return map[string]string{"RECADO_SERVER": "localhost:" + port}[name] },
			}
			code := p.run(t.Context(), append([]string{"bench"}, strings.Fields(tt.args)...))
			if code != tt.code || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("the exit code is %d, stderr %q, want %d and %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}
