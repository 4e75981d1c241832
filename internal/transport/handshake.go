package transport

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws/wsflate"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// Sizes of the deflate window, in bits (RFC 7692, section 7.1.2).
const (
	minWindowBits = 8
	maxWindowBits = 15
)

//nolint:gochecknoglobals // a constant
var windows = []int{8, 9, 10, 11, 12, 13, 14, 15}

// An acceptance is what a handshake has come to.
type acceptance struct {
	key         string
	subprotocol string // chosen; "" for none
	extension   string // the answer's Sec-WebSocket-Extensions; "" for none
	windowBits  int    // of deflate; 0: not compressed
}

// negotiate checks a handshake (RFC 6455, section 4.2.1) without answering it.
func (t *Transport) negotiate(r *http.Request) (acceptance, error) {
	if why := brokenHandshake(r); why != "" {
		return acceptance{}, badHandshake(why)
	}
	if version := r.Header.Values("Sec-WebSocket-Version"); !slices.Equal(version, []string{"13"}) {
		return acceptance{}, &recado.Refusal{
			Code: "websocket_version", Status: http.StatusUpgradeRequired,
			Facts:  map[string]string{"Version": strings.Join(version, ", ")},
			Header: map[string]string{"Sec-WebSocket-Version": "13", "Upgrade": "websocket", "Connection": "Upgrade"},
		}
	}
	a := acceptance{key: r.Header.Get("Sec-WebSocket-Key")}
	var err error
	if a.subprotocol, err = chooseSubprotocol(r.Header.Values("Sec-WebSocket-Protocol")); err != nil {
		return acceptance{}, err
	}
	if t.compress {
		a.extension, a.windowBits, err = chooseDeflate(r.Header.Values("Sec-WebSocket-Extensions"))
	}
	return a, err
}

// brokenHandshake says what makes the request no handshake, "" if it is one.
func brokenHandshake(r *http.Request) (why string) {
	key := r.Header.Values("Sec-WebSocket-Key")
	switch {
	case r.Method != http.MethodGet:
		return "the method is not GET"
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return "the request is not HTTP/1.1"
	case !hasToken(r.Header.Values("Upgrade"), "websocket"):
		return "no Upgrade: websocket"
	case !hasToken(r.Header.Values("Connection"), "upgrade"):
		return "no Connection: Upgrade"
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return "the request has a body"
	case len(key) != 1:
		return "not exactly one Sec-WebSocket-Key"
	}
	if nonce, err := base64.StdEncoding.DecodeString(key[0]); err != nil || len(nonce) != 16 {
		return "Sec-WebSocket-Key is not 16 bytes of base64"
	}
	return ""
}

// badHandshake closes the connection: else the answer would wait for a body that was announced.
func badHandshake(why string) *recado.Refusal {
	return &recado.Refusal{
		Code: "bad_handshake", Status: http.StatusBadRequest,
		Facts:  map[string]string{"Why": why},
		Header: map[string]string{"Connection": "close"},
	}
}

// hasToken looks for a token in header lines that are comma-separated lists.
func hasToken(lines []string, token string) bool {
	return slices.ContainsFunc(list(lines), func(s string) bool { return strings.EqualFold(s, token) })
}

func list(lines []string) []string {
	var items []string
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
	}
	return items
}

// chooseSubprotocol answers the client's offers: the first that is ours, else the first of all, for raw, because a
// browser fails a connection when it offered some and none is chosen. A token is never chosen.
func chooseSubprotocol(lines []string) (string, error) {
	offers := list(lines)
	if slices.ContainsFunc(offers, func(o string) bool { return !isToken(o) }) {
		return "", badHandshake("Sec-WebSocket-Protocol is not a list of tokens")
	}
	if len(offers) == 0 {
		return "", nil
	}
	named := slices.DeleteFunc(offers, func(o string) bool { return strings.HasPrefix(o, bearer) })
	if len(named) == 0 {
		return "", badHandshake("a bearer subprotocol needs another one beside it, such as recado.raw")
	}
	ours := slices.IndexFunc(named, func(o string) bool { return o == "recado.raw" || o == v1.Subprotocol })
	return named[max(ours, 0)], nil
}

// isToken reports whether s is a token as HTTP defines it (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if !httphead.OctetTypes[s[i]].IsToken() {
			return false
		}
	}
	return s != ""
}

// chooseDeflate answers the first offer of permessage-deflate that can be met (RFC 7692, section 7.1):
// without context takeover either way, in the window that the client's inflater has.
func chooseDeflate(lines []string) (extension string, windowBits int, err error) {
	for _, line := range lines {
		offers, ok := httphead.ParseOptions([]byte(line), nil)
		if !ok {
			return "", 0, badHandshake("Sec-WebSocket-Extensions is not a list of extensions")
		}
		for _, offer := range offers {
			var p wsflate.Parameters
			if string(offer.Name) != wsflate.ExtensionName || !strictParameters(offer) || p.Parse(offer) != nil {
				continue
			}
			answer := wsflate.Parameters{
				ServerNoContextTakeover: true, ClientNoContextTakeover: true,
				ServerMaxWindowBits: p.ServerMaxWindowBits,
			}
			windowBits = maxWindowBits
			if p.ServerMaxWindowBits.Defined() {
				windowBits = int(p.ServerMaxWindowBits)
			}
			var out bytes.Buffer
			_, err := httphead.WriteOptions(&out, []httphead.Option{answer.Option()})
			return out.String(), windowBits, err
		}
	}
	return "", 0, nil
}

// strictParameters refuses what wsflate lets pass: a parameter that comes twice, and numbers not written as
// RFC 7692, section 7.1.2, wants them.
func strictParameters(offer httphead.Option) bool {
	var seen []string
	strict := true
	offer.Parameters.ForEach(func(key, value []byte) bool {
		n, err := strconv.Atoi(string(value))
		number := err == nil && strconv.Itoa(n) == string(value)
		strict = (number || len(value) == 0) && !slices.Contains(seen, string(key)) && len(seen) < 4 // there are 4
		seen = append(seen, string(key))
		return strict
	})
	return strict
}

// response is the answer that opens the connection (RFC 6455, section 4.2.2).
func (a acceptance) response() []byte {
	sum := sha1.Sum([]byte(a.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	if a.subprotocol != "" {
		head += "Sec-WebSocket-Protocol: " + a.subprotocol + "\r\n"
	}
	if a.extension != "" {
		head += "Sec-WebSocket-Extensions: " + a.extension + "\r\n"
	}
	return []byte(head + "\r\n")
}
