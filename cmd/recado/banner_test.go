package main

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"strings"
	"testing"

	"recado"
	"recado/internal/locale"
	"recado/internal/server"
)

func TestBanner(t *testing.T) {
	tests := map[string]struct {
		language locale.Language
		name     certificates
		change   func(*config)
		at       server.Addresses
		want     string
	}{
		"english": {
			language: locale.English,
			at:       server.Addresses{Listen: "localhost:8765", Web: "localhost:8000"},
			want: `
  Page       http://localhost:8000            (this computer)
  Terminal   recado chat
  Publish    curl -d 'Hello!' http://localhost:8765/
  Network    closed; use  recado serve --lan  to join from a phone

  History: 200 messages, in memory · Ctrl+C stops · help: recado help serve
`,
		},
		"portuguese": {
			language: locale.Portuguese,
			at:       server.Addresses{Listen: "localhost:8765", Web: "localhost:8000"},
			want: `
  Página     http://localhost:8000            (este computador)
  Terminal   recado chat
  Publicar   curl -d 'Olá!' http://localhost:8765/
  Rede       fechada; use  recado serve --lan  para entrar pelo celular

  Histórico: 200 mensagens, só em memória · Ctrl+C encerra · ajuda: recado help serve
`,
		},
		"encrypted": {
			language: locale.English,
			name:     named("localhost"),
			at:       server.Addresses{Listen: "localhost:8765", Web: "localhost:8000"},
			want: `
  Page       https://localhost:8765           (this computer)
  Terminal   recado chat wss://localhost:8765
  Publish    curl -d 'Hello!' https://localhost:8765/
  Network    closed; use  recado serve --lan  to join from a phone

  History: 200 messages, in memory · Ctrl+C stops · help: recado help serve
`,
		},
		"encrypted, with a name": {
			language: locale.Portuguese,
			name:     named("chat.example.com"),
			change:   func(c *config) { c.listen, c.web = ":443", ":80" },
			at:       server.Addresses{Listen: "localhost:443", Web: "localhost:80"},
			want: `
  Página     https://chat.example.com
  Terminal   recado chat wss://chat.example.com
  Publicar   curl -d 'Olá!' https://chat.example.com/
  Rede       aberta: quem alcança esta máquina pode entrar e ler

  Histórico: 200 mensagens, só em memória · Ctrl+C encerra · ajuda: recado help serve
`,
		},
		"another port, one address": {
			language: locale.English,
			change:   func(c *config) { c.listen, c.web = "127.0.0.1:9000", "" },
			at:       server.Addresses{Listen: "127.0.0.1:9000", Web: "127.0.0.1:9000"},
			want: `
  Page       http://127.0.0.1:9000            (this computer)
  Terminal   recado chat ws://127.0.0.1:9000
  Publish    curl -d 'Hello!' http://127.0.0.1:9000/
  Network    closed; use  recado serve --lan  to join from a phone

  History: 200 messages, in memory · Ctrl+C stops · help: recado help serve
`,
		},
		"every interface": {
			language: locale.English,
			change:   func(c *config) { c.listen = ":8765" },
			at:       server.Addresses{Listen: "localhost:8765", Web: "localhost:8000"},
			want: `
  Page       http://localhost:8000            (this computer)
  Terminal   recado chat
  Publish    curl -d 'Hello!' http://localhost:8765/
  Network    open: whoever can reach this machine can join and read

  History: 200 messages, in memory · Ctrl+C stops · help: recado help serve
`,
		},
		"local network without an address": {
			language: locale.English,
			change:   func(c *config) { c.lan = true },
			at:       server.Addresses{Listen: "localhost:8765", Web: "localhost:8000"},
			want: `
  Page       http://localhost:8000            (this computer)
  Terminal   recado chat
  Publish    curl -d 'Hello!' http://localhost:8765/
  Network    open, but this machine has no address in a network

  History: 200 messages, in memory · Ctrl+C stops · help: recado help serve
`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &serving{config: newConfig(), texts: locale.New(tt.language), certificates: tt.name}
			if tt.change != nil {
				tt.change(s.config)
			}
			if got := s.banner(tt.at, nil); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A named certificate is for that host.
type named string

func (n named) TLS() *tls.Config     { return nil }
func (n named) Name(_ string) string { return string(n) }
func (n named) Names() []string      { return []string{string(n)} }

func TestBannerOfTheHistory(t *testing.T) {
	for want, change := range map[string]func(*config){
		"\n  History: 1 message, in memory · Ctrl+C stops":               func(c *config) { c.limits.HistoryMessages = 1 },
		"\n  History: none · Ctrl+C stops":                               func(c *config) { c.limits.HistoryMessages = recado.Off },
		"\n  History: 200 messages, also after a restart · Ctrl+C stops": func(c *config) { c.state = "recado.state" },
	} {
		s := &serving{config: newConfig(), texts: sharedTexts()}
		change(s.config)
		if got := s.banner(server.Addresses{Listen: "localhost:8765", Web: "localhost:8000"}, nil); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestBannerOfTheLocalNetwork(t *testing.T) {
	c := newConfig()
	c.lan = true
	s := &serving{config: c, texts: locale.New(locale.Portuguese), color: true}
	at := server.Addresses{Listen: "localhost:8765", Web: "localhost:8000"}
	got := s.banner(at, []string{"http://192.168.0.12:8000", "http://10.0.0.2:8000"})
	for _, want := range []string{
		"\n  Rede       http://192.168.0.12:8000         (qualquer aparelho nesta rede)\n",
		"\n  Rede       http://10.0.0.2:8000 ",
		"\n  ⚠ qualquer pessoa nesta rede pode entrar e ler\n",
		"█▀",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	s.color = false
	plain := s.banner(at, []string{"http://192.168.0.12:8000", "http://10.0.0.2:8000"})
	if plain != ansi.ReplaceAllString(got, "") || plain == got {
		t.Errorf("without colours:\n%q\nwith:\n%q", plain, got)
	}
}

// What strangers send may be logged, but not obeyed by the terminal.
func TestLogIsSafeForTerminals(t *testing.T) {
	const evil = "a\x1b]52;c;eA==\x07\r\n\u009b31m\u202eb"
	for _, format := range []string{textFormat, jsonFormat} {
		for _, terminal := range []bool{true, false} {
			for _, color := range []bool{true, false} {
				var b bytes.Buffer
				log := newLogger(&b, format, slog.LevelInfo, terminal, color)
				log.Info("something "+evil, "text", evil, "error", error(&problem{id: evil}), "group", slog.GroupValue(slog.String("inner", evil)))
				text := ansi.ReplaceAllString(strings.TrimSuffix(b.String(), "\n"), "")
				if strings.ContainsAny(text, "\x1b\x07\r\n\u009b\u202e") || !strings.Contains(text, "something") {
					t.Errorf("format %s, terminal %t, color %t: %q", format, terminal, color, b.String())
				}
				if strings.Contains(b.String(), "\x1b[") != (terminal && color && format == textFormat) {
					t.Errorf("format %s, terminal %t, color %t: colours in %q", format, terminal, color, b.String())
				}
			}
		}
	}
}
