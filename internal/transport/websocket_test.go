package transport_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"recado"
	"recado/internal/broker/memory"
	"recado/internal/hub"
	"recado/internal/transport"
)

func TestSmoke(t *testing.T) {
	tr := transport.NewWebSocket(hub.New(memory.New(), recado.Limits{}), transport.WebSocketConfig{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := tr.Serve(w, r, transport.Join{Room: "lobby", Loopback: true}); err != nil {
			t.Error(err)
		}
	}))
	defer srv.Close()
	url := strings.Replace(srv.URL, "http", "ws", 1)
	a, _, _, err := ws.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	b, _, _, err := ws.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := wsutil.WriteClientText(a, []byte("oi")); err != nil {
			t.Fatal(err)
		}
		p, op, err := wsutil.ReadServerData(b)
		if string(p) != "oi" || op != ws.OpText || err != nil {
			t.Fatal(string(p), op, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go func() {
		_, _, err := wsutil.ReadServerData(a)
		t.Log(err)
		a.Close()
		_, _, err = wsutil.ReadServerData(b)
		t.Log(err)
		b.Close()
	}()
	if err := tr.Close(ctx, recado.CloseGoingAway); err != nil {
		t.Error(err)
	}
}
