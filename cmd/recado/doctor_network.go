package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha1" // RFC 6455 has chosen it
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"recado/client"
	"recado/internal/tui"
)

const (
	// soon is when a certificate that expires is worth a word.
	soon = 14 * 24 * time.Hour
	// clockSlack is a difference of clocks that nothing minds; the Date header counts whole seconds.
	clockSlack = 5 * time.Second
)

// resolve returns the addresses of the server.
func (d *diagnosis) resolve(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	host := d.lookup.base.Hostname()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		d.problem("dns", err)
		return nil
	}
	d.ok("dns", host+": "+strings.Join(addresses, ", "))
	port := cmp.Or(d.lookup.base.Port(), map[string]string{"http": "80", "https": "443"}[d.lookup.base.Scheme])
	for i, address := range addresses {
		addresses[i] = net.JoinHostPort(address, port)
	}
	return addresses
}

// connect tries each address: some clients take the first one, whether it answers or not.
func (d *diagnosis) connect(ctx context.Context, addresses []string) bool {
	var silent []string
	var took time.Duration
	var failure error
	for _, address := range addresses {
		begun := time.Now()
		conn, err := (&net.Dialer{Timeout: checkTime}).DialContext(ctx, "tcp", address)
		if err != nil {
			silent, failure = append(silent, address), err
			continue
		}
		took = max(took, time.Since(begun))
		conn.Close() //nolint:errcheck // that it could be opened is all
	}
	switch text := d.texts.Text("commands.doctor.tcp", "Time", took.Round(10*time.Microsecond)); {
	case len(silent) == len(addresses):
		d.problem("tcp", failure)
		return false
	case len(silent) > 0 && !isLoopback(silent[0]):
		d.warn("tcp", d.texts.Text("commands.doctor.tcp.some", "Addresses", strings.Join(silent, ", ")), d.texts.Text("commands.doctor.tcp.hint"))
	default:
		d.ok("tcp", text)
	}
	return true
}

func isPublic(address string) bool {
	at, err := netip.ParseAddrPort(address)
	return err == nil && at.Addr().IsGlobalUnicast() && !at.Addr().IsPrivate()
}

// secure looks at the encryption.
func (d *diagnosis) secure(ctx context.Context, addresses []string) bool {
	if d.lookup.base.Scheme == "http" {
		if isPublic(addresses[0]) {
			d.warn("tls", d.texts.Text("commands.doctor.tls.none"), d.texts.Text("commands.doctor.tls.none.hint"))
		} else {
			d.ok("tls", d.texts.Text("commands.doctor.tls.none"))
		}
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	trust := d.lookup.trust.Clone()
	trust.ServerName = d.lookup.base.Hostname()
	dialer := tls.Dialer{Config: trust}
	conn, err := dialer.DialContext(ctx, "tcp", hostPort(d.lookup.base.Hostname(), addresses[0]))
	if _, not := errors.AsType[tls.RecordHeaderError](err); not {
		err = fmt.Errorf("%w: %w", client.ErrTLSMissing, err)
	}
	if err != nil {
		d.problem("tls", err)
		return false
	}
	defer conn.Close() //nolint:errcheck // it has told all
	secured, _ := conn.(*tls.Conn)
	state := secured.ConnectionState()
	until := state.PeerCertificates[0].NotAfter
	text := d.texts.Text("commands.doctor.tls", "Version", tls.VersionName(state.Version), "Until", until.Format(time.DateOnly))
	if time.Until(until) < soon {
		d.warn("tls", text, d.texts.Text("commands.doctor.tls.hint"))
	} else {
		d.ok("tls", text)
	}
	return true
}

func hostPort(host, address string) string {
	_, port, _ := net.SplitHostPort(address) // resolve has made it
	return net.JoinHostPort(host, port)
}

// ask looks at who answers HTTP there, and at its clock.
func (d *diagnosis) ask(ctx context.Context) (recado, answers bool) {
	begun := time.Now()
	answer, err := d.request(ctx, "/v1/info", nil)
	if err != nil {
		d.problem("http", err)
		return false, false
	}
	defer answer.Body.Close() //nolint:errcheck // it is only read
	var info struct {
		Version string
		Clients int
		Rooms   int
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10)) // what is cut off is still an answer
	if refused := d.lookup.refusalOf(answer.StatusCode, body); answer.StatusCode != http.StatusOK && tui.WantsToken(refused) {
		d.problem("auth", refused)
		return false, false
	}
	switch recado = json.Unmarshal(body, &info) == nil && info.Version != ""; {
	case recado:
		d.ok("http", d.texts.Text("commands.doctor.http", "Version", tui.SafeLine(info.Version), "Clients", info.Clients, "Rooms", info.Rooms))
		auth := "commands.doctor.auth.open"
		if d.lookup.token != "" {
			auth = "commands.doctor.auth.token"
		}
		d.ok("auth", d.texts.Text(auth))
	case d.lookup.needsTLS(answer, body):
		d.problem("http", client.ErrTLSNeeded)
		return false, false
	default:
		name := cmp.Or(tui.SafeLine(answer.Header.Get("Server")), d.texts.Text("commands.doctor.http.nameless"))
		d.warn("http", d.texts.Text("commands.doctor.http.other", "Name", name, "Status", answer.StatusCode), d.texts.Text("commands.doctor.http.hint"))
	}
	d.clock(answer.Header.Get("Date"), begun, time.Now())
	return recado, true
}

// clock compares the clocks, which tokens and times in messages depend on.
func (d *diagnosis) clock(date string, begun, ended time.Time) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		d.warn("clock", d.texts.Text("commands.doctor.clock.unknown"), "")
		return
	}
	ours := begun.Add(ended.Sub(begun) / 2).Truncate(time.Second)
	difference := theirs.Sub(ours)
	text := d.texts.Text("commands.doctor.clock", "Difference", difference)
	if difference.Abs() > clockSlack {
		d.warn("clock", text, d.texts.Text("commands.doctor.clock.hint"))
		return
	}
	d.ok("clock", text)
}

// upgrade makes the WebSocket handshake.
func (d *diagnosis) upgrade(ctx context.Context) bool {
	switch protocol, err := d.handshake(ctx, nil); {
	case err != nil:
		d.problem("upgrade", err)
		return false
	case protocol != "recado.v1":
		d.warn("upgrade", d.texts.Text("commands.doctor.upgrade.raw"), d.texts.Text("commands.doctor.upgrade.hint"))
	default:
		d.ok("upgrade", d.texts.Text("commands.doctor.upgrade"))
	}
	return true
}

// origin makes the handshake as the server's own page would: a proxy that rewrites Host makes it another's.
func (d *diagnosis) origin(ctx context.Context) {
	own := d.lookup.base.Scheme + "://" + d.lookup.base.Host
	if _, err := d.handshake(ctx, http.Header{"Origin": {own}}); err != nil {
		d.problem("origin", err)
		return
	}
	d.ok("origin", d.texts.Text("commands.doctor.origin", "Origin", own))
}

// handshake returns the subprotocol that the server has chosen. It says nothing on the connection.
func (d *diagnosis) handshake(ctx context.Context, more http.Header) (protocol string, err error) {
	key := make([]byte, 16)
	rand.Read(key)
	header := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {base64.StdEncoding.EncodeToString(key)}, "Sec-Websocket-Protocol": {"recado.v1"},
	}
	maps.Copy(header, more)
	answer, err := d.request(ctx, "/"+d.lookup.room, header)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close() //nolint:errcheck // nothing was said
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return "", d.lookup.refusal(answer)
	}
	sum := sha1.Sum([]byte(header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if answer.Header.Get("Sec-Websocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		return "", client.ErrNotWebSocket
	}
	return answer.Header.Get("Sec-Websocket-Protocol"), nil
}

// request asks for a path, and takes whatever status the answer has. Its connection is used for nothing else.
func (d *diagnosis) request(ctx context.Context, path string, more http.Header) (*http.Response, error) {
	target := *d.lookup.base
	target.Path = path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header = d.lookup.header.Clone()
	maps.Copy(request.Header, more)
	return d.lookup.do(request)
}
