package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"recado"
	"recado/internal/server"

	"github.com/mdp/qrterminal/v3"
)

// announce tells that the server listens: to a script by the first line, which is the same in every language
// and the only one unless stdout is a terminal.
func (s *serving) announce(at server.Addresses, network []string) {
	if at.WebBusy != nil {
		s.warnWebBusy(at)
	}
	switch {
	case s.manner.quiet:
	case s.manner.json:
		_ = json.NewEncoder(s.stdout).Encode(struct { // whoever closed stdout does not want to know
			Event string   `json:"event"`
			WS    string   `json:"ws"`
			Web   string   `json:"web"`
			LAN   []string `json:"lan"`
		}{"listening", s.url("ws", at.Listen), s.url("http", s.pageAddress(at)), append([]string{}, network...)})
	default:
		say(s.stdout, "Servidor WebSocket iniciado em "+s.url("ws", at.Listen)+"\n")
		if isTerminal(s.stdout) {
			say(s.stdout, s.banner(at, network))
		}
	}
}

// say writes to one of the program's streams. Whoever closed it does not want to know.
func say(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

// banner says to a person what to do next.
func (s *serving) banner(at server.Addresses, network []string) string {
	var b strings.Builder
	line := func(label, text string) { fmt.Fprintf(&b, "  %-10s %s\n", s.texts.Text(label), text) }
	place := func(url, where string) string { return fmt.Sprintf("%-32s %s", url, s.texts.Text(where)) }
	chat := "recado chat"
	if at.Listen != standardListen || s.certificates != nil {
		chat += " " + s.url("ws", at.Listen)
	}
	b.WriteString("\n")
	page := s.url("http", s.pageAddress(at))
	if strings.HasSuffix(page, "://"+s.pageAddress(at)) { // else it has a name that others know, too
		page = place(page, "serve.this_computer")
	}
	line("serve.page", page)
	line("serve.terminal", chat)
	line("serve.publish", s.texts.Text("serve.publish.command", "URL", s.url("http", at.Listen)+"/"))
	switch {
	case len(network) > 0:
		for _, url := range network {
			line("serve.network", place(url, "serve.any_device"))
		}
		fmt.Fprintf(&b, "\n%s\n", qrCode(network[0], s.color))
		if !s.config.access.closed() {
			fmt.Fprintf(&b, "  ⚠ %s\n", s.texts.Text("serve.no_password"))
		}
	case s.config.lan:
		line("serve.network", s.texts.Text("serve.no_network"))
	case s.config.isLocal():
		line("serve.network", s.texts.Text("serve.network_closed"))
	case s.config.access.closed():
		line("serve.network", s.texts.Text("serve.network_guarded"))
	default:
		line("serve.network", s.texts.Text("serve.network_open"))
	}
	fmt.Fprintf(&b, "\n  %s · %s\n", s.history(), s.texts.Text("serve.help"))
	return b.String()
}

// history says what is kept, and whether it outlasts the server.
func (s *serving) history() string {
	switch n := s.config.limits.WithDefaults().HistoryMessages; {
	case n == recado.Off:
		return s.texts.Text("serve.history_off")
	case s.config.state != "":
		return s.texts.Count("serve.history_kept", n)
	default:
		return s.texts.Count("serve.history", n)
	}
}

// qrCode draws url in half blocks, white on black whatever the terminal's colours are: not every camera
// reads the negative.
func qrCode(url string, color bool) string {
	var code, b strings.Builder
	qrterminal.GenerateWithConfig(url, qrterminal.Config{
		Level: qrterminal.L, Writer: &code, HalfBlocks: true, QuietZone: 2,
		BlackChar: qrterminal.BLACK_BLACK, WhiteChar: qrterminal.WHITE_WHITE,
		BlackWhiteChar: qrterminal.BLACK_WHITE, WhiteBlackChar: qrterminal.WHITE_BLACK,
	})
	for row := range strings.Lines(code.String()) {
		row = strings.TrimSuffix(row, "\n")
		if color {
			row = "\x1b[97;40m" + row + "\x1b[0m"
		}
		b.WriteString("  " + row + "\n")
	}
	return b.String()
}

// warnWebBusy speaks to a person or, in English, to the log.
func (s *serving) warnWebBusy(at server.Addresses) {
	if isTerminal(s.stderr) {
		_, port, _ := net.SplitHostPort(s.config.web) // the server has split it before
		say(s.stderr, s.texts.Text("serve.web_busy", "Port", port, "URL", s.url("http", s.pageAddress(at)))+"\n")
		return
	}
	s.log.Warn("web address in use, the page is served at the other one", "address", s.config.web, "page", s.url("http", s.pageAddress(at)))
}

// announceStop tells why the end may take a while.
func (s *serving) announceStop(clients int) {
	switch {
	case !isTerminal(s.stderr):
		s.log.Info("server stopping", "clients", clients)
	case clients == 0:
		say(s.stderr, overCtrlC+s.texts.Text("serve.stopping_alone")+"\n")
	default:
		say(s.stderr, overCtrlC+s.texts.Count("serve.stopping", clients)+"\n")
	}
}

// overCtrlC writes over the ^C that the terminal shows.
const overCtrlC = "\r"

// isLocal reports whether only this machine can reach the server.
func (c *config) isLocal() bool {
	return !slices.ContainsFunc([]string{c.listen, c.web}, func(address string) bool {
		return address != "" && !isLoopback(address)
	})
}
