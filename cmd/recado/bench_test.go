package main

import "testing"

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{
		"": 0, "100/s": 100, "100": 100, "0.5/s": 0.5,
		"0": -1, "-1/s": -1, "1e3": -1, "100/m": -1, "fast": -1, "/s": -1, "1.2.3": -1, "NaN": -1,
	} {
		got, err := parseRate(text)
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("parseRate(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestParseShare(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "0": 0, "25": 25, "10%": 20, "0.5%": 1, "100%": 200,
		"101%": -1, "-1": -1, "-1%": -1, "%": -1, "a few": -1, "1e1%": -1, "9999999999": -1,
	} {
		got, err := parseShare(text, 200)
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("parseShare(%q, 200) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestRawAddress(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost:8765/ops?echo=1": "ws://localhost:8765/ops?echo=1",
		"ws://localhost:8765/":             "ws://localhost:8765/",
		"https://localhost/":               "https://localhost/",
		"http://[":                         "http://[",
	} {
		if got := rawAddress(visit{address: address}); got != want {
			t.Errorf("rawAddress(%q) = %q, want %q", address, got, want)
		}
	}
}
