package report_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"recado/internal/loadgen"
	"recado/internal/loadgen/report"
	"recado/internal/locale"
)

func TestWritePage(t *testing.T) {
	result := measured(t)
	result.Config.URL = "ws://localhost/<script>alert(1)</script>"
	r := report.New(result, "</script><b>recado</b>")
	write := func(l locale.Language, before *report.Report) string {
		t.Helper()
		var b strings.Builder
		if err := r.WritePage(&b, locale.New(l), before); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	page := write(locale.English, nil)
	wantAll(t, page, []string{
		"<html lang=\"en\">", "<h2>Latency by percentile</h2>", "<tr><th scope=\"row\">latency p50</th><td>500 ms</td></tr>",
		"<p>faults</p><strong>3</strong><span>deliveries: 1,000</span>", "var uPlot=", "Copyright", "https://github.com/leeoniya/uPlot",
		`"timeline":[{"seconds":10,`,
	})
	// Nothing is fetched, and no text of others becomes markup.
	if found := regexp.MustCompile(`(src|href)=|@import|url\(|<script>alert|<b>recado`).FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
	compared := write(locale.Portuguese, report.New(measured(t), "recado"))
	wantAll(t, compared, []string{
		"<html lang=\"pt-BR\">", "<thead><tr><th scope=\"col\"></th><th scope=\"col\">antes</th>", "×1,00 de antes", `"before":{"distribution":[{`,
	})
}

func TestWritePageIdle(t *testing.T) {
	result := measured(t)
	idle := &loadgen.IdleResult{Config: result.Config, Connections: 100, Connecting: time.Second, Handshakes: result.Handshakes}
	var b strings.Builder
	if err := report.NewIdle(idle, "").WritePage(&b, locale.New(locale.English), nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<figure>") || !strings.Contains(b.String(), "<p>connections</p><strong>100/s</strong>") {
		t.Error("the page of idle connections has plots, or lacks the connections")
	}
}
