package server_test

import "testing"

// What a proxy calls a request is in its line of the log, and in that of the client it became.
func TestRequestID(t *testing.T) {
	s := start(t, nil)
	exchange(t, s.at.Listen, "GET /ops HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: abc-1\r\n"+handshake+"\r\n")
	s.log.wait(t, "client connected", "request=abc-1")
	exchange(t, s.at.Listen, "GET //ops HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: abc-2\r\n\r\n")
	s.log.wait(t, "request refused", "code=path_invalid", "request=abc-2")
	exchange(t, s.at.Listen, "GET //odd HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a b\r\n\r\n")
	s.log.wait(t, "request refused", "target=//odd status=400") // nothing in between
}
