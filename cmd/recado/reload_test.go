//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"recado/internal/tlstest"
)

// rewrite changes a file as an editor does.
func rewrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// logged waits for a line of the log with all of the parts.
func (p *process) logged(t *testing.T, parts ...string) {
	t.Helper()
	if err := poll(strings.Join(parts, " "), func() bool {
		for line := range strings.Lines(p.stderr.String()) {
			found := true
			for _, part := range parts {
				found = found && strings.Contains(line, part)
			}
			if found {
				return true
			}
		}
		return false
	}); err != nil {
		t.Fatalf("%v in\n%s", err, p.stderr)
	}
}

// publish says something in a room, and returns the status and the answer.
func (p *process) publish(t *testing.T, room, token, text string) (int, string) {
	t.Helper()
	answer, err := http.Post("http://"+p.at+"/"+room+"?token="+token, "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

func TestReloadBySignal(t *testing.T) {
	dir := t.TempDir()
	file, password := filepath.Join(dir, configName), filepath.Join(dir, "password")
	rewrite(t, password, "one")
	begin := `password_file = "` + password + `"` + "\n"
	rewrite(t, file, begin+"[ping]\ninterval = '20s'\n[limits]\nmessage_rate = 5")
	p := serve(t, "--config", file, "--limits-message-size", "20")
	p.logged(t, "configuration read", file)
	want := func(room, token, text string, status int) {
		t.Helper()
		if got, body := p.publish(t, room, token, text); got != status {
			t.Errorf("publish of %q in %s with %q: status %d, %s, want %d", text, room, token, got, body, status)
		}
	}
	want("ops", "one", "oi", 200)
	want("news", "", "oi", 401)

	// Something is wrong: nothing changes, not even what could.
	rewrite(t, password, "two")
	rewrite(t, file, begin+"[limits]\nmessage_rate = 6\nmesage_size = 5")
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.logged(t, "configuration not reloaded", "there is no setting limits.mesage_size", "Did you mean limits.message_size?")
	rewrite(t, file, begin+"limits.message_rate = 6\nlimits.connections = 2147483647")
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.logged(t, "configuration not reloaded", "[fd_limit]")
	rewrite(t, file, "password_file = 'missing'\nlimits.message_rate = 6")
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.logged(t, "configuration not reloaded", "[access_unusable]")
	want("ops", "one", "oi", 200)
	want("ops", "two", "oi", 401)
	if strings.Contains(p.stderr.String(), "setting reloaded") {
		t.Errorf("something was reloaded:\n%s", p.stderr)
	}

	// What can change does, a flag stays what it was, and what cannot change is told.
	rewrite(t, file, begin+`listen = "localhost:1"
[log]
level = "debug"
[ping]
interval = "30s"
[limits]
message_size = "1KiB"
message_rate = 7
[[rooms]]
name = "news"
anonymous = ["subscribe", "publish", "history"]
message_size = 1
history_messages = 2
`)
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.logged(t, "configuration reloaded", file)
	p.logged(t, "level=INFO", "setting reloaded", "key=limits.message_rate value=7 was=5")
	p.logged(t, "setting reloaded", "key=log.level value=debug was=info")
	p.logged(t, "setting reloaded", "key=rooms", "name = ")
	p.logged(t, "level=WARN", "setting needs a restart", "key=ping.interval value=30s running=20s")
	if strings.Contains(p.stderr.String(), "key=listen") || strings.Contains(p.stderr.String(), "key=limits.message_size") {
		t.Errorf("the flags are told to have changed:\n%s", p.stderr)
	}
	want("ops", "one", "oi", 401)
	want("ops", "two", "oi", 200)
	want("ops", "two", "a message that is too long", 413)
	for range 3 {
		want("news", "", "x", 200)
	}
	want("news", "", "xx", 413)
	answer, err := http.Get("http://" + p.at + "/news?poll=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kept, _ := io.ReadAll(answer.Body); string(kept) != "x\nx\n" {
		t.Errorf("%q is kept, want two messages", kept)
	}

	// What needed a restart still does; and the log has warnings only.
	rewrite(t, file, begin+"ping.interval = '30s'\nlog.level = 'warn'")
	again := func() {
		t.Helper()
		before := strings.Count(p.stderr.String(), "key=ping.interval")
		p.cmd.Process.Signal(syscall.SIGHUP)
		if err := poll("the same once more", func() bool { return strings.Count(p.stderr.String(), "key=ping.interval") == before+1 }); err != nil {
			t.Error(err)
		}
	}
	again()
	want("quiet", "", "x", 401)
	again()
	if strings.Contains(p.stderr.String(), "/quiet") {
		t.Errorf("a refusal is in the log:\n%s", p.stderr)
	}
	p.cmd.Process.Signal(os.Interrupt)
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, p.stderr)
	}
	for _, secret := range []string{"one", "two"} {
		if strings.Contains(p.stderr.String(), "token="+secret) {
			t.Errorf("the log has a password:\n%s", p.stderr)
		}
	}
}

// A signal has the certificate read again, and says so if it cannot be used; who comes meanwhile still sees the old one.
func TestReloadOfTheCertificate(t *testing.T) {
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	identify := func(name string) *x509.CertPool {
		c, k, err := tlstest.New("localhost", name)
		if err != nil {
			t.Fatal(err)
		}
		rewrite(t, certificate, string(c))
		rewrite(t, key, string(k))
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(c)
		return roots
	}
	old := identify("first.example")
	p := serve(t, "--tls-cert", certificate, "--tls-key", key)
	wantTrusted := func(roots *x509.CertPool) {
		t.Helper()
		conn, err := tls.Dial("tcp", p.at, &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatalf("Dial = %v", err)
		}
		conn.Close()
	}
	wantTrusted(old)
	rewrite(t, certificate, "half of it")
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.logged(t, "configuration not reloaded", "The certificate cannot be used")
	wantTrusted(old)
	renewed := identify("second.example")
	p.cmd.Process.Signal(syscall.SIGHUP)
	p.logged(t, "configuration reloaded")
	p.logged(t, "certificate reloaded", certificate)
	wantTrusted(renewed)

	// Without a signal it is read, too; and its names are those of the server from then on.
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	status := func(name string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+p.at+"/v1/info", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = name
		answer, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if first, second := status("first.example"), status("second.example"); first != http.StatusMisdirectedRequest || second != http.StatusOK {
		t.Errorf("status %d under the old name and %d under the new one, want 421 and 200", first, second)
	}
	identify("third.example")
	if err := poll("the third name", func() bool { return status("third.example") == http.StatusOK }); err != nil {
		t.Errorf("%v; log:\n%s", err, p.stderr)
	}
	if got := status("second.example"); got != http.StatusMisdirectedRequest {
		t.Errorf("status %d under the name of before, want 421", got)
	}
	p.cmd.Process.Signal(syscall.SIGINT)
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d; log:\n%s", code, p.stderr)
	}
}

// The token for the numbers, and the proxies that are believed, are as live as passwords.
func TestReloadOfTheMetricsToken(t *testing.T) {
	dir := t.TempDir()
	file, token := filepath.Join(dir, configName), filepath.Join(dir, "token")
	rewrite(t, file, "")
	p := serve(t, "--config", file)
	want := func(token string, status int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.at+"/metrics", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("/metrics with the token %q: status %d, want %d", token, answer.StatusCode, status)
		}
	}
	reloads := 0
	reload := func() {
		t.Helper()
		reloads++
		p.cmd.Process.Signal(syscall.SIGHUP)
		if err := poll("a reload", func() bool { return strings.Count(p.stderr.String(), "configuration reloaded") == reloads }); err != nil {
			t.Fatalf("%v in\n%s", err, p.stderr)
		}
	}
	want("one", 403)
	rewrite(t, token, "one")
	rewrite(t, file, "trusted_proxy = ['127.0.0.1', '::1']\nmetrics.token_file = '"+token+"'")
	reload()
	p.logged(t, "setting reloaded", "key=metrics.token_file")
	p.logged(t, "setting reloaded", "key=trusted_proxy")
	want("one", 200)
	want("two", 401)
	p.logged(t, "request refused", "address=192.0.2.1")
	rewrite(t, token, "two")
	reload()
	want("one", 401)
	want("two", 200)
	rewrite(t, file, "")
	reload()
	want("two", 403)
	p.cmd.Process.Signal(syscall.SIGINT)
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d; log:\n%s", code, p.stderr)
	}
}
