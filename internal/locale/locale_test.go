package locale_test

import (
	"encoding/json"
	"strings"
	"testing"

	"recado/internal/locale"
)

func TestText(t *testing.T) {
	english, portuguese := locale.New(locale.English), locale.New(locale.Portuguese)
	tests := map[string]struct{ got, want string }{
		"english":                {english.Text("chat.retrying", "Seconds", 8), "no connection; trying again in 8 s (Ctrl+R: now)"},
		"portuguese":             {portuguese.Text("chat.quit_again"), "Ctrl+C de novo sai"},
		"one":                    {portuguese.Count("chat.unsent", 1), "1 mensagem não foi enviada"},
		"several":                {english.Count("chat.unsent", 2), "2 messages were not sent"},
		"a form nobody wrote":    {portuguese.Count("chat.unsent", 1_000_000), "1000000 mensagens não foram enviadas"},
		"unknown id":             {english.Text("chat.nothing_like_this"), "chat.nothing_like_this"},
		"unknown id, counted":    {english.Count("chat.nothing_like_this", 3), "chat.nothing_like_this"},
		"what is given is taken": {english.Text("chat.unsendable", "Cause", "<{{.Cause}}>"), "cannot be sent: <{{.Cause}}>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}

func TestPage(t *testing.T) {
	for _, l := range []locale.Language{locale.English, locale.Portuguese} {
		texts := map[string]json.RawMessage{}
		if err := json.Unmarshal(locale.Page(l), &texts); err != nil {
			t.Fatalf("Page(%s) is no JSON object: %v", l, err)
		}
		for id := range texts {
			if strings.HasPrefix(id, "chat.") || strings.HasPrefix(id, "serve.") || strings.HasPrefix(id, "error.") {
				t.Errorf("Page(%s) has %s, which no page needs", l, id)
			}
		}
	}
}

func TestDetect(t *testing.T) {
	tests := map[string]struct {
		flag string
		env  map[string]string
		want locale.Language
		bad  bool
	}{
		"nothing":             {want: locale.English},
		"flag":                {flag: "pt-BR", want: locale.Portuguese},
		"flag, short":         {flag: "pt", want: locale.Portuguese},
		"flag, odd case":      {flag: "PT_br", want: locale.Portuguese},
		"flag over all":       {flag: "en", env: map[string]string{"RECADO_LANG": "pt", "LC_ALL": "pt_BR.UTF-8"}, want: locale.English},
		"variable":            {env: map[string]string{"RECADO_LANG": "pt-BR", "LANG": "en_US.UTF-8"}, want: locale.Portuguese},
		"LC_ALL first":        {env: map[string]string{"LC_ALL": "C", "LANG": "pt_BR.UTF-8"}, want: locale.English},
		"LC_MESSAGES then":    {env: map[string]string{"LC_MESSAGES": "pt_PT", "LANG": "en_US"}, want: locale.Portuguese},
		"LANG last":           {env: map[string]string{"LANG": "pt_BR.UTF-8"}, want: locale.Portuguese},
		"LANG with modifier":  {env: map[string]string{"LANG": "pt@euro"}, want: locale.Portuguese},
		"another language":    {env: map[string]string{"LANG": "de_DE.UTF-8"}, want: locale.English},
		"begins like pt":      {env: map[string]string{"LANG": "ptx"}, want: locale.English},
		"unknown flag":        {flag: "de", want: locale.English, bad: true},
		"unknown RECADO_LANG": {env: map[string]string{"RECADO_LANG": "klingon", "LANG": "pt_BR"}, want: locale.English, bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := locale.Detect(tt.flag, func(key string) string { return tt.env[key] })
			if got != tt.want || (err != nil) != tt.bad {
				t.Errorf("Detect(%q, %v) = %v, %v, want %v and an error: %t", tt.flag, tt.env, got, err, tt.want, tt.bad)
			}
		})
	}
}

func TestAccept(t *testing.T) {
	tests := map[string]struct {
		header string
		want   locale.Language
	}{
		"nothing":             {"", locale.English},
		"portuguese":          {"pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", locale.Portuguese},
		"of Portugal":         {"pt-PT", locale.Portuguese},
		"english preferred":   {"pt;q=0.3, en;q=0.8", locale.English},
		"another, portuguese": {"fr-FR, fr;q=0.9, pt;q=0.2", locale.Portuguese},
		"any":                 {"*", locale.English},
		"garbage":             {"\x00;;q=zz", locale.English},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := locale.Accept(tt.header); got != tt.want {
				t.Errorf("Accept(%q) = %v, want %v", tt.header, got, tt.want)
			}
		})
	}
}
