package server_test

import (
	"errors"
	"net"
	"os"
	"strconv"
	"testing"

	"recado/internal/server"
)

// What a service manager says and passes to this process. (That it is used is tested where there is a process.)
func TestInherited(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	for name, tt := range map[string]struct {
		environ map[string]string
		bad     bool
	}{
		"nothing":             {map[string]string{}, false},
		"for another process": {map[string]string{"LISTEN_PID": "1", "LISTEN_FDS": "1"}, false},
		"none":                {map[string]string{"LISTEN_PID": self, "LISTEN_FDS": "0"}, false},
		"no number":           {map[string]string{"LISTEN_PID": self, "LISTEN_FDS": "x"}, true},
		"less than none":      {map[string]string{"LISTEN_PID": self, "LISTEN_FDS": "-1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := server.Inherited(func(key string) string { return tt.environ[key] })
			var start *server.StartError
			if bad := errors.As(err, &start) && start.Code == "sockets_invalid"; bad != tt.bad || len(got.Listen)+len(got.Web) > 0 {
				t.Errorf("Inherited() = %v, %v, want an error: %v", got, err, tt.bad)
			}
		})
	}
}

// Sockets that somebody else has opened are served, and no others.
func TestSockets(t *testing.T) {
	open := func() net.Listener {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return listener
	}
	first, second, page := open(), open(), open()
	s := start(t, func(c *server.Config) {
		c.Listen, c.Web = "127.0.0.1:1", "127.0.0.1:1" // neither is possible
		c.Sockets = server.Sockets{Listen: []net.Listener{first, second}, Web: []net.Listener{page}}
	})
	want := server.Addresses{Listen: first.Addr().String(), Web: page.Addr().String()}
	if s.at != want {
		t.Errorf("Listen() = %+v, want %+v", s.at, want)
	}
	for _, listener := range []net.Listener{first, second, page} {
		wantReachable(t, listener.Addr().String())
	}
}
