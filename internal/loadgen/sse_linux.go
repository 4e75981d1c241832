package loadgen

import (
	"bufio"
	"fmt"
	"mime"
	"net/http"
	"slices"
)

// subscribe asks for the room's messages as a stream. The answer comes once the server has taken the member in.
func (d *dialer) subscribe(m *member, s socket, number int) error {
	m.http = true
	if _, err := s.Write(d.request(http.MethodGet, number, "Accept: text/event-stream\r\n")); err != nil {
		return err
	}
	in := bufio.NewReader(s)
	answer, err := http.ReadResponse(in, nil) //nolint:bodyclose // its body is the stream
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch {
	case answer.StatusCode != http.StatusOK:
		return &RefusedError{Status: answer.StatusCode}
	case media != "text/event-stream" || !slices.Contains(answer.TransferEncoding, "chunked"):
		return ErrProtocol
	}
	early, _ := in.Peek(in.Buffered()) // what is buffered can be peeked at
	m.keep(early)
	return nil
}

// openPosts gives each sender a connection to publish on, which is kept alive from one message to the next.
func (d *dialer) openPosts(posts []member) error {
	for sender := range posts {
		m := &posts[sender]
		m.http, m.posts = true, true
		if _, err := d.open(m, sender); err != nil {
			return &ConnectError{Number: sender + 1, Err: err}
		}
	}
	return nil
}

// request is the head of one of a member's. A sender's has its session, so that it does not hear what it publishes.
func (d *dialer) request(method string, number int, more string) []byte {
	u := d.urls[number%len(d.urls)]
	head := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", method, u.RequestURI(), u.Host, more)
	if number < d.senders {
		head = fmt.Appendf(head, "Recado-Session: %s-%d\r\n", d.run, number)
	}
	return append(head, "\r\n"...)
}

// frame is what says one of the sender's messages, whose identity is not set yet.
func (d *dialer) frame(sender int, p *pattern) []byte {
	if d.speaks != SSE {
		return p.clientFrame()
	}
	head := d.request(http.MethodPost, sender, fmt.Sprintf("Content-Type: text/plain\r\nContent-Length: %d\r\n", p.size))
	return slices.Concat(head, make([]byte, 8), p.rest)
}

// parseChunk takes one chunk that does not look like those of the run's messages, and the events that it completes. It
// returns its length, or 0 if it is not whole.
func (m *member) parseChunk(number int, b []byte, p *pattern, to *ledger) (int, error) {
	content, end, err := cutChunk(b)
	switch {
	case err != nil || end == 0 && len(b) < p.largest:
		return 0, err
	case end == 0 || len(m.message)+len(content) > p.largest:
		return 0, fmt.Errorf("an event of more than %d bytes from the server", p.largest)
	case len(content) == 0:
		return 0, errStreamEnded
	}
	m.message = append(m.message, content...)
	rest := m.message
	for {
		data, left, whole := cutEvent(rest)
		if !whole {
			m.message = append(m.message[:0], left...)
			return end, nil
		}
		rest = left
		if len(data) == 0 { // a comment, or a place in the order
			continue
		}
		message, is, err := p.unwrap(data)
		if err != nil {
			return 0, err
		}
		if is {
			p.hear(to, number, message)
		}
	}
}
