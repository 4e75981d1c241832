package loadgen

import (
	"errors"
	"fmt"
)

// What callers branch on.
var (
	ErrMissing     = errors.New("deliveries are missing")
	ErrProtocol    = errors.New("the server does not speak the protocol")
	ErrProcess     = errors.New("the process of the server cannot be measured")
	ErrPublic      = errors.New("the address of the server is neither loopback nor private")
	ErrUnsupported = errors.New("the load generator needs Linux (epoll)")
)

// A ConnectError is a connection that could not be opened.
type ConnectError struct {
	Number int // of the connection, from 1 on
	Err    error
}

// Error implements error.
func (e *ConnectError) Error() string { return fmt.Sprintf("connection %d: %v", e.Number, e.Err) }

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// A ConfigError is a load that cannot be made.
type ConfigError struct {
	Setting Setting
	Err     error
}

// Error implements error.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// A Setting is the part of a Config that is wrong.
type Setting string

// The settings that callers can explain.
const (
	SettingURL         Setting = "url"
	SettingConnections Setting = "connections"
	SettingStalled     Setting = "stalled"
	SettingSenders     Setting = "senders"
	SettingRate        Setting = "rate"
	SettingChurn       Setting = "churn"
	SettingInFlight    Setting = "in_flight"
	SettingSize        Setting = "size"
	SettingOther       Setting = "other"
)

// A RefusedError is an answer to the handshake that is no WebSocket, or that refuses a stream or a message.
type RefusedError struct {
	Status int // of HTTP
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the server refuses: HTTP status %d", e.Status)
}

// A FileLimitError says that the system does not let this process open that many connections.
type FileLimitError struct {
	Files, Needed uint64
}

// Error implements error.
func (e *FileLimitError) Error() string {
	return fmt.Sprintf("%d files can be open, %d are needed", e.Files, e.Needed)
}
