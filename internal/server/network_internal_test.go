package server

import (
	"strings"
	"testing"
)

func TestNetworkURLs(t *testing.T) {
	if urls := networkURLs("127.0.0.1:8000"); len(urls) != 0 {
		t.Errorf("networkURLs of loopback = %q, want none", urls)
	}
	for _, url := range networkURLs("localhost:8000") {
		if !strings.HasPrefix(url, "http://") || !strings.HasSuffix(url, ":8000") || strings.Contains(url, "127.0.0.1") {
			t.Errorf("networkURLs has %q", url)
		}
	}
}
