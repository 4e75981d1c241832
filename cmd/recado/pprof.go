package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"sync"
	"time"

	"recado/internal/auth"
)

// A profileAddress is a loopback address, or "" for none: profiles tell what is in the memory.
type profileAddress struct{ to *string }

func (v profileAddress) Set(s string) error {
	if s != "" && ((addressValue{to: new(string)}).Set(s) != nil || !isLoopback(s)) {
		return want("address_loopback")
	}
	*v.to = s
	return nil
}

func (v profileAddress) String() string { return *v.to }
func (v profileAddress) Type() string   { return "address" }

// isLoopback reports whether an address with a port is this machine's loopback.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip, notIP := netip.ParseAddr(host)
	return err == nil && (strings.EqualFold(host, "localhost") || notIP == nil && ip.IsLoopback())
}

// profile serves Go's profiles until stop is called, if that was asked for.
func (s *serving) profile(ctx context.Context) (stop func(), err error) {
	address := s.config.pprof
	if address == "" {
		return func() {}, nil
	}
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", address)
	if err == nil && !isLoopback(listener.Addr().String()) {
		_ = listener.Close() // nobody has come
		err = errors.New("localhost is not a loopback address here")
	}
	if err != nil {
		facts := []any{"Address", address, "Reason", err.Error()}
		return nil, &exitError{code: exitBind, err: &problem{id: "pprof_failed", facts: facts, err: err}}
	}
	profiles := &http.Server{
		Handler: http.HandlerFunc(serveProfile), ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = profiles.Serve(listener) }) // it ends when stop is called
	s.log.Info("profiles served", "url", "http://"+listener.Addr().String()+"/debug/pprof/")
	return func() {
		_ = profiles.Close() // whoever waits for a profile does so in vain
		serving.Wait()
	}, nil
}

// serveProfile answers programs on this machine, and not the pages of others that a browser on it shows.
func serveProfile(w http.ResponseWriter, r *http.Request) {
	if !auth.Loopback(r) || r.Header.Get("Origin") != "" {
		http.Error(w, "only for programs on this machine", http.StatusForbidden)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.ServeHTTP(w, r)
}
