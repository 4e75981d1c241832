package server

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// firstSocket is the descriptor of the first socket that a service manager passes (sd_listen_fds(3)).
const firstSocket = 3

// Sockets are listeners that somebody else has opened. If there are any, the server opens none itself.
type Sockets struct {
	Listen []net.Listener // not empty if Web is not
	Web    []net.Listener
}

// Inherited returns the sockets that a service manager has passed to this process, in the manner of systemd. Those
// that are named "listen" and "web" are what the name says; of the others the second is for the page. The
// error is a *StartError.
func Inherited(getenv func(string) string) (s Sockets, err error) {
	if getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return s, nil // it was meant for another process, or there is none
	}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || count < 0 {
		return s, socketsInvalid(fmt.Sprintf("LISTEN_FDS is %q", getenv("LISTEN_FDS")), err)
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	for i := range count {
		name := ""
		if i < len(names) {
			name = names[i]
		}
		listener, err := inherit(firstSocket + i)
		if err != nil {
			closeAll(append(s.Listen, s.Web...))
			return Sockets{}, socketsInvalid(fmt.Sprintf("descriptor %d, %q", firstSocket+i, name), err)
		}
		if name == "web" || name != "listen" && i == 1 {
			s.Web = append(s.Web, listener)
		} else {
			s.Listen = append(s.Listen, listener)
		}
	}
	if len(s.Listen) == 0 {
		s.Listen, s.Web = s.Web, nil
	}
	return s, nil
}

func inherit(descriptor int) (net.Listener, error) {
	file := os.NewFile(uintptr(descriptor), "socket")
	defer file.Close() //nolint:errcheck // the listener has a copy
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	if _, ok := listener.Addr().(*net.TCPAddr); !ok {
		_ = listener.Close() // it is of no use
		return nil, fmt.Errorf("%s is not TCP", listener.Addr().Network())
	}
	return listener, nil
}

func socketsInvalid(what string, err error) error {
	if err != nil {
		what += ": " + err.Error()
	}
	return newStartError("sockets_invalid", err, "Reason", what)
}

// adopt serves the sockets in place of the addresses of the configuration.
func (s *Server) adopt(given Sockets) Addresses {
	at := func(listeners []net.Listener) string { return shown(listeners[0].Addr().String(), listeners) }
	s.listeners = s.secure(given.Listen)
	found := Addresses{Listen: at(given.Listen), Web: at(given.Listen)}
	if len(given.Web) > 0 {
		s.listeners = append(s.listeners, given.Web...)
		found.Web = at(given.Web)
	}
	return found
}
