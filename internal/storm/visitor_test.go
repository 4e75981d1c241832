package storm_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"recado/client"
)

// A visitor is in one room for a while.
type visitor struct {
	soaking *soaking
	dice    *rand.Rand
	name    string
	room    string
	life    time.Duration
	kind    func(v *visitor, ctx context.Context) error
}

// newVisitor is of any kind, for some seconds, mostly in one of a few rooms that never become empty.
func newVisitor(s *soaking, number, visit int) *visitor {
	dice := rand.New(rand.NewPCG(uint64(number), uint64(visit)))
	v := &visitor{soaking: s, dice: dice, name: fmt.Sprintf("v%d-%d", number, visit), room: roomName(dice.IntN(8))}
	if dice.IntN(10) == 0 {
		v.room = "new-" + v.name
	}
	v.life = time.Duration(dice.ExpFloat64() * float64(5*time.Second))
	kinds := []func(*visitor, context.Context) error{
		(*visitor).speakV1, (*visitor).speakV1, (*visitor).speakRaw, (*visitor).speakRaw, (*visitor).burst, (*visitor).dawdle,
		(*visitor).stream, (*visitor).stream, (*visitor).post, (*visitor).read, (*visitor).knock,
	}
	v.kind = kinds[dice.IntN(len(kinds))]
	return v
}

func (v *visitor) visit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, v.life)
	defer cancel()
	err := v.kind(v, ctx)
	if end, _ := ctx.Deadline(); !time.Now().Before(end) {
		return nil // it was time to go
	}
	return err
}

func (v *visitor) url(scheme string) string { return scheme + "://" + v.soaking.address + "/" + v.room }

func (v *visitor) think(ctx context.Context) {
	pause(ctx, time.Duration(v.dice.ExpFloat64()*float64(300*time.Millisecond)))
}

// speakV1 is a member with a name and a session. Some come back to theirs, some just vanish.
func (v *visitor) speakV1(ctx context.Context) error {
	c, err := client.Open(ctx, client.Config{URL: v.url("ws"), Name: v.name, RetryBase: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for event := range c.Events() {
			if _, is := event.(client.Message); is {
				v.soaking.heard.Add(1)
			}
		}
	}()
	for n := 0; ctx.Err() == nil; n++ {
		if _, data := speech(v.name, n, v.dice); c.Waiting() < 20 {
			_, err = c.TrySend(client.Outgoing{Binary: data})
		}
		v.think(ctx)
	}
	c.Close()
	<-gone
	return err
}

// dial joins by a plain WebSocket, on which nobody reads yet.
func (v *visitor) dial(ctx context.Context) (*net.TCPConn, *bufio.Reader, error) {
	conn, early, _, err := ws.Dialer{Timeout: patience}.Dial(ctx, v.url("ws"))
	if err != nil {
		return nil, nil, err
	}
	if early == nil {
		early = bufio.NewReader(conn)
	}
	return conn.(*net.TCPConn), early, nil
}

// leave says goodbye, or breaks the connection.
func (v *visitor) leave(conn *net.TCPConn) {
	if v.dice.IntN(2) == 0 {
		wsutil.WriteClientMessage(conn, ws.OpClose, nil)
	} else {
		conn.SetLinger(0)
	}
	conn.Close()
}

func (v *visitor) speakRaw(ctx context.Context) error {
	conn, frames, err := v.dial(ctx)
	if err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		io.Copy(io.Discard, frames)
	}()
	for n := 0; ctx.Err() == nil; n++ {
		_, data := speech(v.name, n, v.dice)
		wsutil.WriteClientMessage(conn, ws.OpBinary, data) // where it is taken for a slow reader, in vain
		v.think(ctx)
	}
	v.leave(conn)
	<-gone
	return nil
}

// burst says very much at once.
func (v *visitor) burst(ctx context.Context) error {
	conn, frames, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer v.leave(conn)
	data := []byte(strings.Repeat("x", 1<<10))
	for range 200 {
		wsutil.WriteClientMessage(conn, ws.OpBinary, data)
	}
	conn.SetReadDeadline(time.Now().Add(min(v.life, time.Second)))
	io.Copy(io.Discard, frames)
	return nil
}

// dawdle joins where most is said, and reads nothing.
func (v *visitor) dawdle(ctx context.Context) error {
	conn, _, err := v.dial(ctx)
	if err != nil {
		return err
	}
	conn.SetReadBuffer(4 << 10)
	pause(ctx, v.life)
	v.leave(conn)
	return nil
}

// stream listens in one of the formats.
func (v *visitor) stream(ctx context.Context) error {
	formats := []string{"text/event-stream", "application/x-ndjson", "text/plain"}
	answer, err := v.ask(ctx, http.MethodGet, "?since=all", formats[v.dice.IntN(len(formats))], "")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		v.soaking.heard.Add(1)
	}
	return nil
}

// post publishes what one who has no connection says.
func (v *visitor) post(ctx context.Context) error {
	for n := 0; ctx.Err() == nil; n++ {
		_, data := speech(v.name, n, v.dice)
		answer, err := v.ask(ctx, http.MethodPost, "?name="+v.name, "", string(data))
		if err != nil {
			return err
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		v.think(ctx)
	}
	return nil
}

// read asks for the history.
func (v *visitor) read(ctx context.Context) error {
	answer, err := v.ask(ctx, http.MethodGet, "?poll=1&since=all", "application/x-ndjson", "")
	if err != nil {
		return err
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	v.think(ctx)
	return nil
}

func (v *visitor) ask(ctx context.Context, method, query, accept, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.url("http")+query, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Content-Type", "application/octet-stream")
	answer, err := v.soaking.client.Do(request)
	if err == nil && answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		err = fmt.Errorf("HTTP status %s", answer.Status)
	}
	return answer, err
}

// knock begins a handshake and goes.
func (v *visitor) knock(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", v.soaking.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	io.WriteString(conn, "GET /"+v.room+" HTTP/1.1\r\nHost: localhost\r\nUpg")
	v.think(ctx)
	return nil
}
