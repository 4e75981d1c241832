package transport_test

import (
	"fmt"
	"strings"
	"testing"

	"recado"
	"recado/internal/transport"
)

func TestClosing(t *testing.T) {
	everySocket(t, transport.Config{Limits: recado.Limits{MessageSize: 1 << 20, Queue: 1 << 20}}, func(t *testing.T, s *server) {
		t.Helper()
		long := strings.Repeat("BAsd7&jh23", 26_214)
		reason := strings.Repeat("*", 123)
		probes := map[string]probe{
			"7.1.1 after a message":      {final(text, "Hello World!") + closing(1000, ""), want{"text Hello World!", "close 1000"}},
			"7.1.2 twice":                {closing(1000, "") + closing(1000, ""), want{"close 1000"}},
			"7.1.3 ping afterwards":      {closing(1000, "") + final(ping, ""), want{"close 1000"}},
			"7.1.4 text afterwards":      {closing(1000, "") + final(text, "Hello World!"), want{"close 1000"}},
			"7.1.5 within a message":     {part(text, "fragment1") + closing(1000, "") + final(continuation, "fragment2"), want{"close 1000"}},
			"7.1.6 behind a long one":    {final(text, long) + closing(1000, "") + final(ping, ""), want{says(text, long), "close 1000"}},
			"garbage afterwards":         {closing(1000, "") + strings.Repeat("\xff", 1000), want{"close 1000"}},
			"7.3.1 without payload":      {final(closeFrame, ""), want{"close"}},
			"7.3.2 one byte":             {final(closeFrame, "a"), want{protocolError}},
			"7.3.3 code only":            {closing(1000, ""), want{"close 1000"}},
			"7.3.4 with reason":          {closing(1000, "Hello World!"), want{"close 1000"}},
			"7.3.5 longest reason":       {closing(1000, reason), want{"close 1000"}},
			"7.3.6 too long a reason":    {closing(1000, reason+"*"), want{protocolError}},
			"7.5.1 reason is no UTF-8":   {closing(1000, kosme+"\xed\xa0\x80edited"), want{invalidData}},
			"reason ends within a rune":  {closing(1000, "\xe2\x82"), want{invalidData}},
			"reason in Greek":            {closing(1000, kosme), want{"close 1000"}},
			"bad code and bad reason":    {closing(999, "\xff"), want{protocolError}},
			"behind what is still owed":  {final(ping, "1") + final(text, "2") + closing(4000, "done"), want{"pong 1", "text 2", "close 4000"}},
			"a violation comes first":    {final(3, "") + closing(1000, ""), want{protocolError}},
			"a violation does not count": {closing(1000, "") + final(3, ""), want{"close 1000"}},
		}
		s.run(t, probes)
		for name := range probes { // what is long has been chopped elsewhere
			if strings.Contains(name, "long one") {
				delete(probes, name)
			}
		}
		s.run(t, probes, 1)
	})
}

// The answer carries the code that the client sent, or says why it may not be sent.
func TestCloseCodes(t *testing.T) {
	s := newServer(t, transport.Config{})
	probes := map[string]probe{}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4001, 4999} {
		probes[fmt.Sprintf("7.7 %d", code)] = probe{closing(code, ""), want{fmt.Sprint("close ", code)}}
		probes[fmt.Sprintf("7.7 %d with reason", code)] = probe{closing(code, "why"), want{fmt.Sprint("close ", code)}}
	}
	for _, code := range []int{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32768, 65535} {
		probes[fmt.Sprintf("7.9 %d", code)] = probe{closing(code, ""), want{protocolError}}
		probes[fmt.Sprintf("7.9 %d with reason", code)] = probe{closing(code, "why"), want{protocolError}}
	}
	s.run(t, probes, 1)
}

// The log says how each connection ended, with the code that the client sent or was sent.
func TestClosesAreLogged(t *testing.T) {
	s := newServer(t, transport.Config{})
	for name, tt := range map[string]struct {
		send string
		line []string
	}{
		"by the client":        {closing(4321, "enough"), []string{"code=4321", "reason=enough"}},
		"without a code":       {final(closeFrame, ""), []string{"code=1005"}},
		"by a violation":       {final(7, ""), []string{"code=1002", "reserved op code"}},
		"by text of bad bytes": {final(text, "\xff"), []string{"code=1007", "UTF-8"}},
		"by a length":          {header(0x80|binaryData, 70_000), []string{"code=1009", "70000", "65536"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.echo(t)
			p.send(t, tt.send)
			_ = p.Close()
			s.log.wait(t, append(tt.line, `msg="client disconnected"`, "room=", "id=")...)
		})
	}
	t.Run("by nobody", func(t *testing.T) {
		_ = s.echo(t).Close()
		s.log.wait(t, "code=1006", "without a close frame")
	})
}
