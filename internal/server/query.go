package server

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"recado"
	"recado/internal/auth"
	"recado/internal/transport"
)

// sessionHeader brings a session where a query would be seen by others.
const sessionHeader = "Recado-Session"

// joinOf reads what a request for that room asks for in its query.
func (s *Server) joinOf(r *http.Request, room string) (transport.Join, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		odd := ";"
		if escape, is := errors.AsType[url.EscapeError](err); is {
			odd = string(escape)
		}
		return transport.Join{}, badQuery(odd, err.Error())
	}
	j := transport.Join{
		Room: room, Loopback: auth.Loopback(r), Request: requestID(r), Session: cmp.Or(r.Header.Get(sessionHeader), values.Get("session")),
		Token: tokenOf(r, values), Authenticator: s.cautiously(s.config.Authenticator, r),
	}
	if name := values.Get("name"); name != "" {
		if j.Name, err = recado.CleanName(name); err != nil {
			return j, badQuery("name", err.Error())
		}
	}
	if j.Session != "" {
		if odd := recado.CheckSession(j.Session); odd != nil {
			return j, badQuery("session", odd.Error())
		}
	}
	if j.Echo, err = isOn(values, "echo"); err != nil {
		return j, err
	}
	return j, readSince(&j, values.Get("since"), time.Now())
}

// requestID is what a proxy calls the request, so that its log and ours can be brought together; "" if it does not say.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if recado.CheckMessageID(id) != nil { // it is no message's, but looks like one
		return ""
	}
	return id
}

// readSince reads from where on the client wants the history: a position, how long ago, or all of it.
func readSince(j *transport.Join, since string, now time.Time) error {
	j.Replay = since != ""
	if since == "" || since == "all" {
		return nil
	}
	if ago, err := time.ParseDuration(since); err == nil && ago > 0 {
		j.Since = now.Add(-ago)
		return nil
	}
	after, err := recado.ParsePosition(since)
	if err != nil {
		return badQuery("since", fmt.Sprintf("%q is not a position like k3f9.41, a time like 10m, or all", since))
	}
	j.After = after
	return nil
}

// isOn reads a parameter that is 1, or absent.
func isOn(values url.Values, name string) (bool, error) {
	switch value := values.Get(name); value {
	case "", "0":
		return false, nil
	case "1":
		return true, nil
	default:
		return false, badQuery(name, fmt.Sprintf("%q is not 1", value))
	}
}

// badQuery is the refusal of a parameter; why is for the log.
func badQuery(parameter, why string) error {
	return &recado.Refusal{
		Code: "query_invalid", Status: http.StatusBadRequest, Facts: map[string]string{"Parameter": parameter, "Reason": why},
	}
}
