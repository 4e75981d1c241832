package tui

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"syscall"

	"recado"
	"recado/client"
	"recado/internal/locale"
)

// Problem finds the texts for an error of a connection to address: they are error.<id>, with these facts,
// and error.<id>.hint. An error that nobody foresaw is the problem "connection_failed".
func Problem(err error, address string) (id string, facts []any) {
	host := address
	if u, urlErr := url.Parse(address); urlErr == nil {
		host = u.Host
	}
	facts = []any{"Address", address, "Host", host}
	if closed, is := errors.AsType[*client.CloseError](err); is {
		return closeProblem(closed), append(facts, "Code", int(closed.Code), "Reason", SafeLine(closed.Reason))
	}
	_, isName := errors.AsType[*net.DNSError](err)
	dial, isDial := errors.AsType[*net.OpError](err)
	network, isTimeout := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, client.ErrTLSMissing):
		return "tls_missing", facts
	case errors.Is(err, client.ErrTLSNeeded):
		return "tls_needed", facts
	case isCertificate(err):
		return "cert_untrusted", append(facts, "Cause", SafeLine(rootCause(err).Error()))
	case errors.Is(err, client.ErrNotWebSocket):
		return "not_websocket", facts
	case isName:
		return "host_unknown", facts
	case errors.Is(err, client.ErrSilent), isTimeout && network.Timeout():
		return "server_silent", facts
	case isDial && dial.Op == "dial":
		return "no_server", facts
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection_broken", facts
	}
	return "connection_failed", append(facts, "Cause", SafeLine(fmt.Sprint(rootCause(err))))
}

func closeProblem(closed *client.CloseError) string {
	switch closed.Code {
	case recado.CloseGoingAway, recado.CloseRestart:
		return "server_stopped"
	case recado.CloseTooBig:
		return "message_too_big_closed"
	case recado.CloseOverloaded:
		return "server_overloaded"
	case recado.CloseSlow:
		return "slow_reader"
	case recado.CloseFlood:
		return "flood"
	}
	return "closed"
}

// IsTLS tells the problems that are about encryption.
func IsTLS(err error) bool {
	return errors.Is(err, client.ErrTLSMissing) || errors.Is(err, client.ErrTLSNeeded) || isCertificate(err)
}

func isCertificate(err error) bool {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, misnamed := errors.AsType[x509.HostnameError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return unverified || unknown || misnamed || alert
}

func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// Refusal is what to tell about a refusal, and what can be done: what the page says about it if it is a known one, or else
// the server's words if it gave any.
func Refusal(refused *client.RefusedError, texts *locale.Texts) (message, hint string) {
	if known := knownRefusal(refused); known != "" {
		id := "states.refused." + known
		return texts.Text(id) + " (" + SafeLine(refused.Code) + ")", texts.Text(id + ".hint")
	}
	switch {
	case errors.Is(refused, client.ErrNotRecado):
		return texts.Text("chat.refused.not_recado"), texts.Text("chat.refused.not_recado.hint")
	case refused.Close != 0:
		return texts.Text("chat.refused.close", "Code", int(refused.Close), "Reason", SafeLine(refused.Code)),
			texts.Text("chat.refused.close.hint")
	case refused.Message == "":
		return texts.Text("chat.refused.status", "Status", refused.Status), texts.Text("chat.refused.status.hint")
	}
	hint = SafeLine(refused.Hint)
	if hint == "" {
		hint = texts.Text("chat.refused.status.hint")
	}
	return texts.Text("chat.refused", "Message", SafeLine(refused.Message), "Code", SafeLine(refused.Code)), hint
}

// knownRefusal is the key of the page's texts for a refusal, or "".
func knownRefusal(refused *client.RefusedError) string {
	switch refused.Code {
	case recado.AuthRequired:
		return "4500"
	case recado.AuthInvalid, recado.AuthExpired:
		return "4501"
	case recado.RoomForbidden:
		return "4502"
	case nameInvalid:
		return nameInvalid
	}
	switch refused.Close {
	case 4503, 4506: // removed, room full: of other servers
		return strconv.Itoa(int(refused.Close))
	}
	return ""
}

// nameInvalid is the code of a name that the server does not take.
const nameInvalid = "name_invalid"

// WantsToken tells the refusals that another token may end.
func WantsToken(refused *client.RefusedError) bool {
	switch refused.Code {
	case recado.AuthRequired, recado.AuthInvalid, recado.AuthExpired, recado.RoomForbidden:
		return true
	}
	return false
}
