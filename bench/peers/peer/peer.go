// Package peer is what the relays here have in common: where they listen and how they say so.
package peer

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// Serve listens on the address in the program's only argument, prints the URL, and serves until it fails.
func Serve(h http.Handler) error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: %s HOST:PORT", os.Args[0])
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", os.Args[1])
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(os.Stdout, "ws://%v\n", listener.Addr()); err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}
