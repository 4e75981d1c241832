package client

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"recado"
)

// The other clients run the same vectors: all come back alike.
func TestReconnectVectors(t *testing.T) {
	data, err := os.ReadFile("../testdata/reconnect.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Base   int `json:"base_ms"`
		Cap    int `json:"cap_ms"`
		Stable int `json:"stable_ms"`
		Waits  []struct {
			Failures int     `json:"failures"`
			Random   float64 `json:"random"`
			Wait     int     `json:"wait_ms"`
		} `json:"waits"`
		Refusals         []recado.CloseCode `json:"refusals"`
		Accidents        []recado.CloseCode `json:"accidents"`
		SessionAccidents []recado.CloseCode `json:"session_accidents"`
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	c := Config{}.withDefaults()
	if c.RetryBase != ms(vectors.Base) || c.RetryMax != ms(vectors.Cap) || c.StableAfter != ms(vectors.Stable) {
		t.Errorf("defaults %v, %v, %v; want %d, %d, %d ms",
			c.RetryBase, c.RetryMax, c.StableAfter, vectors.Base, vectors.Cap, vectors.Stable)
	}
	for _, v := range vectors.Waits {
		b := backoff{base: c.RetryBase, limit: c.RetryMax, attempt: v.Failures - 1, random: func() float64 { return v.Random }}
		if got := b.next(0); got != ms(v.Wait) {
			t.Errorf("wait after %d failures, random %v: %v, want %d ms", v.Failures, v.Random, got, v.Wait)
		}
	}
	for _, code := range vectors.Refusals {
		if !refuses(code) {
			t.Errorf("close code %d is retried, want it taken as a refusal", code)
		}
	}
	for _, code := range slices.Concat(vectors.Accidents, vectors.SessionAccidents) {
		if refuses(code) {
			t.Errorf("close code %d is taken as a refusal, want it retried", code)
		}
	}
}
