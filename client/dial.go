package client

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"

	v1 "recado/internal/protocol/v1"
)

// maxAnswer bounds what is read of an answer that is not a handshake.
const maxAnswer = 64 << 10

// An unavailableError is an answer that may be another one later.
type unavailableError struct {
	status     int
	code       string
	retryAfter time.Duration // 0 if the server gave no hint
}

func (e *unavailableError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("HTTP status %d %s", e.status, e.code))
}

// dial makes one attempt. The error is a *RefusedError when another one would be of no use.
func (c *Client) dial(ctx context.Context) (net.Conn, *bufio.Reader, error) {
	// gobwas/ws would take the brackets of an IPv6 address for a part of the name, and offer no protocol.
	config := c.config.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = c.target.Hostname()
	}
	config.NextProtos = []string{"http/1.1"}

	var answer error // to a handshake that was not accepted
	var seen *beginning
	dialer := ws.Dialer{
		Timeout:   c.config.HandshakeTimeout,
		Protocols: []string{v1.Subprotocol},
		Header:    ws.HandshakeHeaderHTTP(c.config.Header),
		NetDial:   c.config.Dial,
		TLSConfig: config,
		OnStatusError: func(_ int, _ []byte, response io.Reader) {
			answer = readAnswer(response)
		},
		WrapConn: func(conn net.Conn) net.Conn {
			seen = &beginning{Conn: conn}
			return seen
		},
	}
	conn, early, handshake, err := dialer.Dial(ctx, c.target.String())
	if answer != nil {
		return nil, nil, answer
	}
	if err == nil && handshake.Protocol == "" {
		conn.Close() //nolint:errcheck // it is of no use
		err = ws.ErrHandshakeBadSubProtocol
	}
	if err != nil {
		return nil, nil, dialError(err, seen)
	}
	return seen.Conn, early, nil
}

// A beginning is a connection that keeps the first bytes which come: gobwas/ws does not say what it is that is no
// handshake.
type beginning struct {
	net.Conn

	bytes []byte
}

func (b *beginning) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	b.bytes = append(b.bytes, p[:min(n, max(0, 1024-len(b.bytes)))]...)
	return n, err
}

// dialError gives the errors of gobwas/ws and crypto/tls that mean something to a user a name.
func dialError(err error, seen *beginning) error {
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	_, network := errors.AsType[net.Error](err)
	switch {
	case notTLS:
		return fmt.Errorf("%w: %w", ErrTLSMissing, err)
	case seen != nil && speaksTLS(seen.bytes):
		return fmt.Errorf("%w: %w", ErrTLSNeeded, err)
	case network, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ws.ErrHandshakeBadSubProtocol):
		return &RefusedError{Code: "not_recado", Err: ErrNotRecado}
	case handshakeError(err):
		return fmt.Errorf("%w: %w", ErrNotWebSocket, err)
	}
	return err
}

// speaksTLS tells what servers answer to HTTP where they expect TLS: OpenSSL and others an alert (RFC 8446, section
// 6), Go, nginx and Apache these words.
func speaksTLS(answer []byte) bool {
	return bytes.HasPrefix(answer, []byte{21, 3}) ||
		bytes.Contains(answer, []byte("HTTP request to an HTTPS server")) ||
		bytes.Contains(answer, []byte("HTTP request was sent to HTTPS port")) ||
		bytes.Contains(answer, []byte("plain HTTP to an SSL-enabled server port"))
}

func handshakeError(err error) bool {
	for _, known := range []error{
		ws.ErrHandshakeBadProtocol, ws.ErrHandshakeBadUpgrade, ws.ErrHandshakeBadConnection,
		ws.ErrHandshakeBadSecAccept, ws.ErrHandshakeBadExtensions, ws.ErrMalformedResponse, io.EOF, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// readAnswer makes an error of a HTTP answer other than 101.
func readAnswer(r io.Reader) error {
	response, err := http.ReadResponse(bufio.NewReader(r), nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotWebSocket, err)
	}
	defer response.Body.Close() //nolint:errcheck // nothing follows on this connection
	// A body that is cut off is still an answer.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Hint    string `json:"hint"`
		} `json:"error"`
	}
	if json.Unmarshal(bytes.TrimSpace(body), &said) != nil {
		said.Error.Code = "" // somebody else's answer, such as a proxy's
	}
	switch status := response.StatusCode; {
	case said.Error.Code == "tls_needed", strings.HasPrefix(response.Header.Get("Location"), "https://"), speaksTLS(body):
		return fmt.Errorf("%w: HTTP status %d", ErrTLSNeeded, status)
	case said.Error.Code == "" && foreign(status):
		return &RefusedError{Status: status, Err: ErrNotWebSocket}
	}
	if worthRetrying(response.StatusCode) {
		return &unavailableError{
			status:     response.StatusCode,
			code:       said.Error.Code,
			retryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
		}
	}
	return &RefusedError{
		Status:  response.StatusCode,
		Code:    said.Error.Code,
		Message: said.Error.Message,
		Hint:    said.Error.Hint,
	}
}

// foreign tells the answers of a server that knows pages and files, but no handshakes.
func foreign(status int) bool {
	return status < http.StatusBadRequest || status == http.StatusNotFound ||
		status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

func worthRetrying(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status >= 500
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, section 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}
