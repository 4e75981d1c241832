package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a test waits for what should happen at once.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"recado": main})
}

// TestScripts runs testdata/script. Each script gets the free ports $PORT, $WEB and $OTHER, and the commands
// exits (a command must end with this code), listening (wait until a port is), busy (take a port), fill (write the
// ports into a file that names them), identify (make a certificate) and pages (be a server of files).
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"PORT", "WEB", "OTHER"} {
				port, err := freePort()
				if err != nil {
					return err
				}
				env.Setenv(name, port)
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     exits,
			"listening": listening,
			"busy":      busy,
			"identify":  identify,
			"pages":     pages,
			"fill":      fill,
		},
	})
}

// exits runs a command that must end with a code: exits 4 recado serve
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, is := errors.AsType[*exec.ExitError](err)
		if !is {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%q ended with the code %d, want %d", args[1:], got, want)
	}
}

// listening waits until something listens at each port of 127.0.0.1.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: listening port...")
	}
	for _, port := range args {
		ts.Check(poll("port "+port, func() bool {
			conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
			if err == nil {
				conn.Close()
			}
			return err == nil
		}))
	}
}

// busy listens at a port of 127.0.0.1 until the script ends.
func busy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: busy port")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", args[0]))
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
}

// pages serves files at a port of 127.0.0.1 until the script ends, in the manner of python3 -m http.server.
func pages(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pages port")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", args[0]))
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.0 404 File not found\r\nServer: SimpleHTTP/0.6 Python/3.13.5\r\nConnection: close\r\n\r\n<html>")
			conn.Close()
		}
	}()
}

// fill replaces the variables in a file by their values.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fill file")
	}
	name := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(name, []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
}

// poll returns when the condition holds, or with an error after a while.
func poll(what string, holds func() bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
	return nil
}

// ports counts within a range that systems do not use for outgoing connections, from a place that differs
// between programs which test at the same time.
var ports atomic.Uint32

// freePort finds a port that is free on all addresses, and gives it to nobody else.
func freePort() (string, error) {
	for range 1000 {
		port := strconv.Itoa(20_000 + (os.Getpid()*97+int(ports.Add(1)))%10_000)
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return "", errors.New("no free port")
}

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")
