package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"recado/internal/broker/memory"
	"recado/internal/server"

	"recado"
)

// What a publish over HTTP costs, beside a handler that only reads the body and answers: 64 connections that are kept
// open, one member in the room.
func BenchmarkPublish(b *testing.B) {
	broker := memory.New(recado.Limits{})
	defer broker.Close()
	s, err := server.New(server.Config{Broker: broker, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Stop(b.Context(), recado.CloseGoingAway)
	at, err := s.Listen(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve()
	request, err := http.NewRequestWithContext(context.WithoutCancel(b.Context()), http.MethodGet, "http://"+at.Listen+"/ops", nil)
	if err != nil {
		b.Fatal(err)
	}
	member, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer member.Body.Close()
	go io.Copy(io.Discard, member.Body)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"bytes":%d}`, len(body))
	}))
	defer bare.Close()
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	for name, url := range map[string]string{"recado": "http://" + at.Listen + "/ops", "bare": bare.URL} {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(32) // of each core
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					answer, err := client.Post(url, "text/plain", bytes.NewReader(make([]byte, 64)))
					if err != nil {
						b.Error(err)
						return
					}
					if answer.StatusCode != http.StatusOK {
						b.Errorf("status %d", answer.StatusCode)
					}
					_, _ = io.Copy(io.Discard, answer.Body)
					_ = answer.Body.Close()
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
		})
	}
}
