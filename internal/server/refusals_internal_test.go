package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestManyRefusalsAreSummedInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		r := newRefusals(slog.New(slog.NewTextHandler(&text, nil)))
		for range 1000 {
			r.log("request refused")
		}
		time.Sleep(time.Second)
		r.log("request refused")
		if n := strings.Count(text.String(), "request refused"); n != refusalBurst+1 || !strings.Contains(text.String(), "requests=900") {
			t.Errorf("%d lines, want %d and one about 900 more:\n%s", n, refusalBurst+1, text.String())
		}
	})
}
