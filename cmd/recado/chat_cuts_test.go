//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A shaky is a way to a server that breaks again and again: whenever so many bytes went in one direction.
type shaky struct {
	listener net.Listener
	server   string
	bytes    int64
	ways     sync.WaitGroup
	number   atomic.Int32
}

func newShaky(t *testing.T, server string, bytes int64) *shaky {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &shaky{listener: listener, server: server, bytes: bytes}
	s.ways.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			s.number.Add(1)
			s.ways.Go(func() { s.carry(near) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		s.ways.Wait()
	})
	return s
}

func (s *shaky) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", s.server)
	if err != nil {
		return
	}
	defer far.Close()
	done := make(chan struct{}, 2)
	for to, from := range map[net.Conn]net.Conn{near: far, far: near} {
		from.SetDeadline(time.Now().Add(patience))
		s.ways.Go(func() {
			io.CopyN(to, from, s.bytes)
			done <- struct{}{}
		})
	}
	<-done // what is on its way in the other direction is lost
}

// Whatever breaks between two chats, each line arrives once and in order, and the sender knows it.
func TestChatThroughCuts(t *testing.T) {
	at, log, _ := serveHere(t, "localhost:0")
	toServer, fromServer := newShaky(t, at, 60_000), newShaky(t, at, 200_000)
	beto := startChat(t, fromServer.listener.Addr().String()+"/ops")
	if err := poll("the receiver", func() bool { return strings.Contains(log.String(), "client introduced") }); err != nil {
		t.Fatal(err)
	}
	ana := startChat(t, toServer.listener.Addr().String()+"/ops")
	var want strings.Builder
	for range 30 {
		var part strings.Builder // of the 200 lines that the server keeps
		for i := range 100 {
			fmt.Fprintf(&part, "linha %d\n", want.Len()+i)
		}
		want.WriteString(part.String())
		io.WriteString(ana.stdin, part.String())
		if err := poll("a hundred lines", func() bool { return len(beto.stdout.String()) >= want.Len() }); err != nil {
			t.Fatalf("%v; told %q and %q", err, ana.stderr, beto.stderr)
		}
	}
	ana.end(t) // with the exit code 0: all of it is in the room
	if got := beto.stdout.String(); got != want.String() {
		t.Errorf("%d lines arrived, want %d in order", strings.Count(got, "\n"), strings.Count(want.String(), "\n"))
	}
	beto.end(t)
	if a, b := toServer.number.Load(), fromServer.number.Load(); a < 2 || b < 2 {
		t.Errorf("%d and %d connections: nothing was cut", a, b)
	}
}
