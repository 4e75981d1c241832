package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"recado"
	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"
)

const (
	// answerTime is how long a server may take to begin an answer.
	answerTime = 10 * time.Second
	// maxAnswer is in bytes; only an answer that is one message a line may have more.
	maxAnswer = 64 << 20
)

// A lookup asks a server's HTTP interface.
type lookup struct {
	visit

	base   *url.URL // without a path
	room   string   // that the address names
	header http.Header
	client *http.Client
}

// newLookup is for the server and the room of a visit.
func newLookup(texts *locale.Texts, v visit) (*lookup, error) {
	u, err := url.Parse(v.address)
	if err != nil {
		return nil, addressProblem(v.address, err)
	}
	scheme, known := map[string]string{"ws": "http", "http": "http", "wss": "https", "https": "https"}[u.Scheme]
	room := strings.TrimPrefix(u.Path, "/")
	if room == "" {
		room = recado.Lobby
	}
	if !known || u.Hostname() == "" || u.User != nil || recado.CheckRoom(room) != nil {
		return nil, addressProblem(v.address, client.ErrURL)
	}
	transport, _ := http.DefaultTransport.(*http.Transport)
	transport = transport.Clone()
	transport.ResponseHeaderTimeout = answerTime
	transport.ForceAttemptHTTP2 = false // which knows no Upgrade
	transport.TLSClientConfig = v.trust.Clone()
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	header := requestHeader(texts)
	if v.token != "" {
		header.Set("Authorization", "Bearer "+v.token)
	}
	return &lookup{
		visit: v, base: &url.URL{Scheme: scheme, Host: u.Host}, room: room, header: header,
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// api reads a JSON answer into the variable. The segments of the path are escaped.
func (l *lookup) api(ctx context.Context, into any, query url.Values, segments ...string) error {
	answer, err := l.get(ctx, "application/json", query, append([]string{"v1"}, segments...)...)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it is only read
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return &tui.UnreachableError{Err: err}
	}
	if json.Unmarshal(data, into) != nil {
		return &client.RefusedError{Status: answer.StatusCode, Err: client.ErrNotRecado}
	}
	return nil
}

// stream yields the lines of what the room has kept since then: messages, and perhaps a gap.
func (l *lookup) stream(ctx context.Context, since string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		answer, err := l.get(ctx, "application/x-ndjson", url.Values{"poll": {"1"}, "since": {since}}, l.room)
		if err != nil {
			yield(nil, err)
			return
		}
		defer answer.Body.Close() //nolint:errcheck // it is only read
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, maxAnswer)
		for lines.Scan() {
			if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 && !yield(line, nil) {
				return
			}
		}
		if err = lines.Err(); err != nil {
			yield(nil, &tui.UnreachableError{Err: err})
		}
	}
}

// get asks for that path. The error is a *client.RefusedError, or a *tui.UnreachableError.
func (l *lookup) get(ctx context.Context, accept string, query url.Values, segments ...string) (*http.Response, error) {
	target := *l.base
	for _, segment := range segments {
		target.Path += "/" + segment
	}
	target.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, addressProblem(target.String(), err)
	}
	request.Header = l.header.Clone()
	request.Header.Set("Accept", accept)
	answer, err := l.do(request)
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode == http.StatusOK:
		return answer, nil
	}
	defer answer.Body.Close() //nolint:errcheck // it is only read
	return nil, l.refusal(answer)
}

// do returns the answer, whatever its status. The error is a *tui.UnreachableError, or that of the request's context.
func (l *lookup) do(request *http.Request) (*http.Response, error) {
	answer, err := l.client.Do(request)
	switch {
	case err == nil:
		return answer, nil
	case request.Context().Err() != nil:
		return nil, request.Context().Err()
	case errors.Is(err, http.ErrSchemeMismatch):
		err = fmt.Errorf("%w: %w", client.ErrTLSMissing, err)
	case strings.Contains(err.Error(), "malformed HTTP"):
		err = fmt.Errorf("%w: %w", l.notHTTP(), err)
	}
	return nil, &tui.UnreachableError{Err: err}
}

// notHTTP says what it may be that answers, but not in HTTP: OpenSSL and others answer HTTP with an alert.
func (l *lookup) notHTTP() error {
	if l.base.Scheme == "http" {
		return client.ErrTLSNeeded
	}
	return client.ErrNotWebSocket
}

// refusal makes an error of another answer than 200.
func (l *lookup) refusal(answer *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10)) // what is cut off is still an answer
	if l.needsTLS(answer, body) {
		return &tui.UnreachableError{Err: client.ErrTLSNeeded}
	}
	return l.refusalOf(answer.StatusCode, body)
}

// refusalOf reads the body of such an answer.
func (*lookup) refusalOf(status int, body []byte) *client.RefusedError {
	var said struct {
		Error struct{ Code, Message, Hint string }
	}
	if json.Unmarshal(body, &said) != nil {
		said.Error.Code = "" // somebody else's answer, such as a proxy's
	}
	return &client.RefusedError{Status: status, Code: said.Error.Code, Message: said.Error.Message, Hint: said.Error.Hint}
}

// needsTLS reports whether the answer to plain HTTP is that of a server which wants TLS.
func (l *lookup) needsTLS(answer *http.Response, body []byte) bool {
	return l.base.Scheme == "http" && (strings.HasPrefix(answer.Header.Get("Location"), "https://") ||
		strings.Contains(string(body), `"tls_needed"`) || strings.Contains(string(body), "HTTP request to an HTTPS server")) // Go's words
}

// A place is where a line of the stream leaves its reader, and where it found it.
type place struct {
	Position string `json:"position"`
	Prev     uint64 `json:"prev"`
	Type     string `json:"type"`
}

// start is the position right before what the room has kept since then, which is a position itself, a duration, or
// "all".
func (l *lookup) start(ctx context.Context, since string) (recado.Position, error) {
	if at, err := recado.ParsePosition(since); err == nil {
		return at, nil
	}
	var newest, first place // the newest is asked for first: what is said meanwhile comes behind it
	if err := l.api(ctx, &newest, nil, "rooms", l.room); err != nil {
		return recado.Position{}, err
	}
	for line, err := range l.stream(ctx, since) {
		if err == nil && json.Unmarshal(line, &first) != nil {
			err = &client.RefusedError{Status: http.StatusOK, Err: client.ErrNotRecado}
		}
		if err != nil {
			return recado.Position{}, err
		}
		break
	}
	if first.Position == "" { // nothing is kept: what comes from now on
		first = newest
	}
	at, err := recado.ParsePosition(first.Position)
	if err != nil {
		return at, &client.RefusedError{Status: http.StatusOK, Err: client.ErrNotRecado}
	}
	if first.Type == "message" {
		at.Seq = first.Prev
	}
	return at, nil
}

// checkSince finds what is neither a position, nor a duration, nor "all".
func checkSince(since string) error {
	_, notPosition := recado.ParsePosition(since)
	ago, notDuration := time.ParseDuration(since)
	if since == "" || since == "all" || notPosition == nil || notDuration == nil && ago > 0 {
		return nil
	}
	return &exitError{code: exitUsage, err: &problem{id: "value_invalid", variant: "since", facts: []any{"Source", "--since", "Value", since}}}
}

// health returns nil if the server is one that answers as it should. One that has no /healthz is asked for more.
func (l *lookup) health(ctx context.Context) error {
	answer, err := l.get(ctx, "*/*", nil, "healthz")
	if refused, is := errors.AsType[*client.RefusedError](err); is && refused.Status == http.StatusNotFound {
		var info struct{ Version *string }
		if err = l.api(ctx, &info, nil, "info"); err == nil && info.Version == nil {
			err = &client.RefusedError{Status: http.StatusOK, Err: client.ErrNotRecado}
		}
		return err
	}
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
