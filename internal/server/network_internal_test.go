package server

import (
	"strings"
	"testing"
)

func TestNetworkURLs(t *testing.T) {
	plain := func(address string) string { return "http://" + address }
	if urls := networkURLs("127.0.0.1:8000", plain); len(urls) != 0 {
		t.Errorf("networkURLs of loopback = %q, want none", urls)
	}
	for _, url := range networkURLs("localhost:8000", plain) {
		if !strings.HasPrefix(url, "http://") || !strings.HasSuffix(url, ":8000") || strings.Contains(url, "127.0.0.1") {
			t.Errorf("networkURLs has %q", url)
		}
	}
	named := func(string) string { return "https://relay.example:8765" }
	if urls := networkURLs("localhost:8765", named); len(urls) > 1 {
		t.Errorf("networkURLs = %q, want the certificate's name once", urls)
	}
}
