package server

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// attempts is how often a port is looked for that both loopback addresses have free, and how many ports
// beside a busy one are tried for the hint.
const attempts = 20

// Addresses are the real ones, after Listen. Where the server listens on every interface, or on both
// loopback addresses, the host is localhost.
type Addresses struct {
	Listen string // host:port
	Web    string // the same as Listen if there is no second one
	// WebBusy is why the second listener was done without, if Config.WebOptional allowed it.
	WebBusy *StartError
}

// Listen opens all listeners, or none. With Config.LAN, localhost means every interface.
// The error is a *StartError.
func (s *Server) Listen(ctx context.Context) (Addresses, error) {
	found, err := s.bind(ctx)
	s.page = found.Web
	if s.config.TLS != nil { // the second listener only shows the way
		s.page = found.Listen
	}
	return found, err
}

func (s *Server) bind(ctx context.Context) (Addresses, error) {
	if given := s.config.Sockets; len(given.Listen) > 0 {
		return s.adopt(given), nil
	}
	listeners, err := s.open(ctx, "--listen", s.config.Listen)
	if err != nil {
		return Addresses{}, err
	}
	s.listeners = s.secure(listeners)
	found := Addresses{Listen: shown(s.config.Listen, listeners)}
	found.Web = found.Listen
	if s.config.Web == "" || s.config.Web == found.Listen || s.config.Web == s.config.Listen && !anyPort(s.config.Web) {
		return found, nil
	}
	listeners, err = s.open(ctx, "--web", s.config.Web)
	var busy *StartError
	switch {
	case err == nil:
		s.listeners = append(s.listeners, listeners...)
		found.Web = shown(s.config.Web, listeners)
	case s.config.WebOptional && errors.As(err, &busy) && busy.Code == "address_in_use":
		found.WebBusy = busy
	default:
		closeAll(s.listeners)
		return Addresses{}, err
	}
	return found, nil
}

// open listens at one address of the configuration; flag is how a person sets it.
func (s *Server) open(ctx context.Context, flag, address string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, newStartError("address_invalid", err, "Address", address, "Flag", flag)
	}
	if s.config.LAN && isLocalhost(host) {
		host = ""
	}
	listeners, err := listen(ctx, host, port)
	switch {
	case err == nil:
		return listeners, nil
	case isInUse(err):
		return nil, newStartError("address_in_use", err, "Port", port, "Flag", flag,
			"Alternative", alternative(ctx, host, port, address), "Command", whoListens(port))
	case errors.Is(err, fs.ErrPermission):
		return nil, newStartError("bind_permission", err, "Port", port, "Flag", flag)
	default:
		return nil, newStartError("bind_failed", err, "Address", address, "Flag", flag, "Reason", err.Error())
	}
}

// listen opens one listener, or two for localhost.
func listen(ctx context.Context, host, port string) ([]net.Listener, error) {
	var config net.ListenConfig
	if !isLocalhost(host) {
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		return []net.Listener{listener}, err
	}
	for attempt := 1; ; attempt++ {
		four, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			return nil, err
		}
		chosen := portOf(four)
		six, err := config.Listen(ctx, "tcp6", net.JoinHostPort("::1", chosen))
		switch {
		case err == nil:
			return []net.Listener{four, six}, nil
		case !isInUse(err):
			return []net.Listener{four}, nil // the machine has no IPv6
		}
		_ = four.Close()
		if chosen == port || attempt == attempts {
			// With one address only, those whose browser prefers the other would meet the other program there.
			return nil, err
		}
	}
}

// alternative is an address like the busy one with a port that is free now.
func alternative(ctx context.Context, host, port, address string) string {
	number, err := strconv.Atoi(port)
	if err != nil {
		number = 0
	}
	name, _, _ := net.SplitHostPort(address) // it was split before
	for next := number + 1; next <= min(number+attempts, 65535); next++ {
		if listeners, err := listen(ctx, host, strconv.Itoa(next)); err == nil {
			closeAll(listeners)
			return net.JoinHostPort(name, strconv.Itoa(next))
		}
	}
	return net.JoinHostPort(name, "0")
}

// whoListens is a command that shows which program has the port.
func whoListens(port string) string {
	switch runtime.GOOS {
	case "windows":
		return "netstat -ano | findstr :" + port
	case "linux":
		return "ss -ltnp 'sport = :" + port + "'"
	default:
		return "lsof -nP -iTCP:" + port + " -sTCP:LISTEN"
	}
}

// shown is the address under which a person on this machine reaches the listeners.
func shown(address string, listeners []net.Listener) string {
	host, _, _ := net.SplitHostPort(address) // open split it before
	if host == "" || slices.Contains([]string{"0.0.0.0", "::", "[::]"}, host) || isLocalhost(host) {
		host = "localhost"
	}
	return net.JoinHostPort(host, portOf(listeners[0]))
}

// anyPort reports whether each listener at the address gets a port of its own.
func anyPort(address string) bool { return strings.HasSuffix(address, ":0") }

func isLocalhost(host string) bool { return strings.EqualFold(host, "localhost") }

func portOf(l net.Listener) string { return portOfAddress(l.Addr()) }

func portOfAddress(a net.Addr) string {
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		panic(err) // a TCP listener's address has a port
	}
	return port
}

func closeAll(listeners []net.Listener) {
	for _, listener := range listeners {
		_ = listener.Close() // nothing is being accepted from it
	}
}
