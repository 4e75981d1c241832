package server

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"recado"

	"golang.org/x/text/unicode/norm"
)

// checkPath refuses the paths that have no one meaning. It must see the path as it was sent, escaped: after
// decoding, an escaped slash is lost, and the router would answer some of these with a redirect.
func checkPath(escaped string) error {
	rest, rooted := strings.CutPrefix(escaped, "/")
	if !rooted {
		return badPath("it does not start with a slash")
	}
	if rest == "" {
		return nil
	}
	for segment := range strings.SplitSeq(rest, "/") {
		decoded, err := url.PathUnescape(segment)
		switch {
		case err != nil:
			return badPath(err.Error())
		case decoded == "":
			return badPath("it has an empty segment")
		case decoded == "." || decoded == "..":
			return badPath("it has a dot segment")
		case strings.ContainsAny(decoded, `/\`):
			return badPath("it has an escaped slash or a backslash")
		case !utf8.ValidString(decoded):
			return badPath("it is not valid UTF-8")
		case strings.ContainsFunc(decoded, unicode.IsControl):
			return badPath("it has a control character")
		}
	}
	return nil
}

// roomOf is the room that a path which checkPath let through names. It is decoded once, so that a name
// cannot hide from the rules in a second layer of escapes.
func roomOf(escaped string) (string, error) {
	name := strings.TrimPrefix(escaped, "/")
	if name == "" {
		return recado.Lobby, nil
	}
	if strings.Contains(name, "/") {
		return "", notFound()
	}
	name, err := url.PathUnescape(name)
	if err != nil {
		return "", badPath(err.Error())
	}
	if recado.ReservedSegment(name) {
		return "", notFound()
	}
	name = norm.NFC.String(name)
	if err := recado.CheckRoom(name); err != nil {
		why := strings.TrimPrefix(err.Error(), recado.ErrRoomName.Error()+": ")
		return "", &recado.Refusal{
			Code: "room_name_invalid", Status: http.StatusBadRequest,
			Facts: map[string]string{"Room": name, "Reason": why},
		}
	}
	return name, nil
}

func badPath(why string) error {
	return &recado.Refusal{Code: "path_invalid", Status: http.StatusBadRequest, Facts: map[string]string{"Reason": why}}
}

func notFound() error {
	return &recado.Refusal{Code: "not_found", Status: http.StatusNotFound}
}

// redacted is the request's target for the logs, without what may be a secret in it.
func redacted(u *url.URL) string {
	target := u.EscapedPath()
	if u.RawQuery == "" {
		return target
	}
	pairs := strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		key, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if name = strings.ToLower(name); err != nil || name == "token" || name == "session" {
			pairs[i] = key + "=redacted"
		}
	}
	return target + "?" + strings.Join(pairs, "&")
}
