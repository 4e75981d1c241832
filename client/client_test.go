package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

func TestHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{Name: "  ana ", Token: "t", Session: session, Since: at(7), Echo: true})
		p, got := s.accept()
		if want := (v1.Hello{Name: "ana", Token: "t", Session: session, Since: at(7), Echo: true}); got != want {
			t.Errorf("hello %+v, want %+v", got, want)
		}
		w := hello
		w.Recovered, w.Replay = true, 2
		p.tell(w)
		want(t, c, client.State{Phase: client.Connected, Recovered: true, Replay: 2})
		if c.Session() != session || c.Position() != at(10) || c.You() != ana || c.Limits().MessageBytes != 65536 || c.Count() != 2 {
			t.Errorf("session %q, position %v, you %v, limits %+v, count %d", c.Session(), c.Position(), c.You(), c.Limits(), c.Count())
		}
	})
}

func TestPublish(t *testing.T) {
	tests := map[string]struct {
		out  client.Outgoing
		want v1.Publish
	}{
		"text":           {client.Outgoing{Text: "olá"}, v1.Publish{Content: v1.Content{Kind: recado.Text, Data: []byte("olá")}}},
		"nothing":        {client.Outgoing{}, v1.Publish{Content: v1.Content{Kind: recado.Text, Data: []byte{}}}},
		"JSON":           {client.Outgoing{JSON: map[string]any{"a": "<1>"}}, v1.Publish{Content: v1.Content{Kind: recado.JSON, Data: []byte(`{"a":"<1>"}`)}}},
		"JSON, as it is": {client.Outgoing{JSON: json.RawMessage(" null ")}, v1.Publish{Content: v1.Content{Kind: recado.JSON, Data: []byte(`null`)}}},
		"binary, named":  {client.Outgoing{Binary: []byte{0, 255}, Event: "a.b"}, v1.Publish{Content: v1.Content{Kind: recado.Binary, Data: []byte{0, 255}}, Event: "a.b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p, c := connected(t, client.Config{})
				go func() {
					got, _ := p.command().(v1.Publish)
					if got.ID == "" || got.Content.Kind != tt.want.Content.Kind || got.Event != tt.want.Event ||
						!bytes.Equal(got.Content.Data, tt.want.Content.Data) {
						t.Errorf("published %+v, want %+v and an id", got, tt.want)
					}
					time.Sleep(time.Second)
					p.tell(v1.Ack{ID: got.ID, Seq: 11, Prev: 10})
				}()
				start := time.Now()
				receipt, err := c.Publish(t.Context(), tt.out)
				if err != nil || receipt != (client.Receipt{Position: at(11)}) || time.Since(start) != time.Second {
					t.Errorf("Publish() = %+v, %v after %v, want position 11 after 1 s", receipt, err, time.Since(start))
				}
				wantQuiet(t, c) // the receipt says it
			})
		})
	}
}

// What cannot be sent is refused before it is on its way.
func TestUnsendable(t *testing.T) {
	tests := map[string]struct {
		out  client.Outgoing
		want error
	}{
		"no UTF-8":        {client.Outgoing{Text: "ol\xe1"}, client.ErrContent},
		"too big":         {client.Outgoing{Binary: make([]byte, 65537)}, client.ErrTooBig},
		"two contents":    {client.Outgoing{Text: "a", Binary: []byte("b")}, client.ErrContent},
		"no JSON":         {client.Outgoing{JSON: func() {}}, client.ErrContent},
		"a strange event": {client.Outgoing{Event: "a b"}, client.ErrContent},
		"a long event":    {client.Outgoing{Event: strings.Repeat("a", 65)}, client.ErrContent},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _, c := connected(t, client.Config{})
				if _, err := c.Publish(t.Context(), tt.out); !errors.Is(err, tt.want) {
					t.Errorf("Publish() = %v, want %v", err, tt.want)
				}
				if _, err := c.Send(t.Context(), tt.out); !errors.Is(err, tt.want) {
					t.Errorf("Send() = %v, want %v", err, tt.want)
				}
				if _, err := c.TrySend(tt.out); !errors.Is(err, tt.want) {
					t.Errorf("TrySend() = %v, want %v", err, tt.want)
				}
			})
		})
	}
}

func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		frame, event := said(11, strings.Repeat("é", 100_000))
		p.tell(frame)
		want(t, c, event)
		if c.Position() != at(11) {
			t.Errorf("Position() = %v, want 11", c.Position())
		}
		frame.Ephemeral, frame.Event = true, "typing"
		event.Ephemeral, event.Event, event.Position = true, "typing", recado.Position{}
		p.tell(frame)
		want(t, c, event)
		p.tell(v1.Gap{From: 12, To: 20, Missed: 3, Reason: "slow", Position: at(20)})
		want(t, c, client.Gap{From: 12, To: 20, Missed: 3, Position: at(20), Reason: "slow"})
		p.tell(&v1.Error{Code: "rate_limited", Message: "slowly", RetryAfter: time.Second})
		want(t, c, &client.ServerError{Code: "rate_limited", Message: "slowly", RetryAfter: time.Second})
		p.send(ws.OpText, `{"type":"of a later version"}`)
		wantQuiet(t, c)
	})
}

func TestFragmentsAndControlFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		frame, event := said(11, "recado")
		data := v1.AppendEvent(nil, frame)
		for _, f := range []ws.Frame{
			ws.NewFrame(ws.OpText, false, data[:20]),
			ws.NewPingFrame([]byte("are you there")),
			ws.NewFrame(ws.OpContinuation, false, nil),
			ws.NewFrame(ws.OpContinuation, true, data[20:]),
		} {
			p.write(ws.MustCompileFrame(f))
		}
		want(t, c, event)
		if got := <-p.frames; got.op != ws.OpPong || got.payload != "are you there" {
			t.Errorf("the client answered %+v, want the pong", got)
		}
	})
}

func TestBytesWithTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := opened(t, client.Config{})
		conn := <-s.dials
		defer conn.Close()
		var together bytes.Buffer
		upgrader := ws.Upgrader{Protocol: func([]byte) bool { return true }}
		if _, err := upgrader.Upgrade(readWriter{conn, &together}); err != nil {
			t.Fatal(err)
		}
		ws.MustWriteFrame(&together, ws.NewTextFrame(v1.AppendEvent(nil, hello)))
		go io.Copy(io.Discard, conn)
		conn.Write(together.Bytes())
		want(t, c, client.State{Phase: client.Connected})
	})
}

func TestBrokenFrames(t *testing.T) {
	masked := ws.MaskFrame(ws.NewTextFrame([]byte("{}")))
	tests := map[string]struct {
		frame []byte
		want  recado.CloseCode
	}{
		"masked":              {ws.MustCompileFrame(masked), recado.CloseProtocol},
		"reserved bit":        {[]byte{0xc1, 0x00}, recado.CloseProtocol},
		"reserved opcode":     {[]byte{0x83, 0x00}, recado.CloseProtocol},
		"fragmented ping":     {[]byte{0x09, 0x00}, recado.CloseProtocol},
		"long ping":           {append([]byte{0x89, 126, 0, 126}, make([]byte, 126)...), recado.CloseProtocol},
		"nothing to continue": {[]byte{0x80, 0x00}, recado.CloseProtocol},
		"text inside text":    {[]byte{0x01, 0x00, 0x81, 0x00}, recado.CloseProtocol},
		"negative length":     {[]byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, recado.CloseProtocol},
		"too big":             {[]byte{0x81, 127, 0, 0, 0, 0, 0x08, 0, 0, 1}, recado.CloseTooBig},
		"binary":              {[]byte{0x82, 2, '{', '}'}, recado.CloseUnsupported},
		"text that is not":    {[]byte{0x81, 1, 0xff}, recado.CloseInvalidData},
		"no JSON":             {[]byte{0x81, 1, '{'}, recado.CloseProtocol},
		"a second welcome":    {ws.MustCompileFrame(ws.NewTextFrame(v1.AppendEvent(nil, hello))), recado.CloseProtocol},
		"half a close code":   {[]byte{0x88, 1, 3}, recado.CloseProtocol},
		"close code 1005":     {[]byte{0x88, 2, 0x03, 0xed}, recado.CloseProtocol},
		"close code 5000":     {[]byte{0x88, 2, 0x13, 0x88}, recado.CloseProtocol},
		"close reason":        {[]byte{0x88, 3, 0x03, 0xe8, 0xff}, recado.CloseInvalidData},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p, c := connected(t, client.Config{})
				go p.write(tt.frame)
				p.wantClose(tt.want)
				wantReconnecting(t, c, 250*time.Millisecond, 1)
				s.back(t, c)
			})
		})
	}
}

func TestWrongURL(t *testing.T) {
	for _, address := range []string{"", "localhost:8765", "ftp://localhost/", "ws:///ops", "ws://a:b@localhost/", "ws://[::1", "http://%zz/"} {
		if c, err := client.Open(t.Context(), client.Config{URL: address}); !errors.Is(err, client.ErrURL) {
			t.Errorf("Open(%q) = %v, %v, want ErrURL", address, c, err)
		}
	}
}

func TestWrongName(t *testing.T) {
	if c, err := client.Open(t.Context(), client.Config{URL: "ws://x", Name: "\u202e"}); !errors.Is(err, recado.ErrName) {
		t.Errorf("Open() = %v, %v, want ErrName", c, err)
	}
}

func TestURL(t *testing.T) {
	tests := map[string]string{
		"http://localhost:8765":     "ws://localhost:8765/",
		"https://exemplo.com/ops#x": "wss://exemplo.com/ops",
		"ws://[::1]:80/a%20b?x=1":   "ws://[::1]:80/a%20b?x=1",
	}
	for address, want := range tests {
		synctest.Test(t, func(t *testing.T) {
			_, c := opened(t, client.Config{URL: address})
			if got := c.URL(); got != want {
				t.Errorf("Open(%q).URL() = %q, want %q", address, got, want)
			}
		})
	}
}

// Dial waits for the welcome, or says why there is none.
func TestDial(t *testing.T) {
	type dialled struct {
		c   *client.Client
		err error
	}
	dial := func(ctx context.Context, s *server) <-chan dialled {
		done := make(chan dialled, 1)
		go func() {
			c, err := client.Dial(ctx, client.Config{URL: "ws://example.test", Dial: s.dial})
			done <- dialled{c, err}
		}()
		return done
	}
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		done := dial(t.Context(), s)
		p, _ := s.accept()
		synctest.Wait()
		if len(done) > 0 {
			t.Fatal("Dial() returned before the welcome")
		}
		p.tell(hello)
		d := <-done
		if d.err != nil {
			t.Fatal(d.err)
		}
		want(t, d.c, client.State{Phase: client.Connecting})
		want(t, d.c, client.State{Phase: client.Connected})
		d.c.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.down = true
		if d := <-dial(t.Context(), s); !errors.Is(d.err, errNobodyListens) || d.c != nil {
			t.Errorf("Dial() = %v, %v, want what the attempt ended with", d.c, d.err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		done := dial(t.Context(), s)
		p, _ := s.accept()
		p.tell(&v1.Error{Code: "session_invalid", Message: "too short"})
		var refused *client.RefusedError
		if d := <-done; !errors.As(d.err, &refused) || refused.Code != "session_invalid" {
			t.Errorf("Dial() = %v, want the refusal", d.err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := newServer(t)
		if d := <-dial(ctx, s); !errors.Is(d.err, context.DeadlineExceeded) {
			t.Errorf("Dial() = %v, want the context's error", d.err)
		}
		(<-s.dials).Close()
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newServer(t)
		done := dial(ctx, s)
		s.accept() // and no welcome
		cancel()
		if d := <-done; !errors.Is(d.err, context.Canceled) {
			t.Errorf("Dial() = %v, want the context's error", d.err)
		}
		if d := <-dial(ctx, s); !errors.Is(d.err, context.Canceled) {
			t.Errorf("Dial() with a context that has ended = %v, want its error", d.err)
		}
	})
}

func TestNobodyTakesEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c, err := client.Open(t.Context(), client.Config{URL: "ws://example.test", Dial: s.dial, NoEvents: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		p, _ := s.accept()
		p.tell(hello)
		for i := range 1000 {
			frame, _ := said(uint64(11+i), fmt.Sprint(i))
			p.tell(frame)
		}
		synctest.Wait()
		if c.Position() != at(1010) {
			t.Errorf("Position() = %v, want 1010", c.Position())
		}
	})
}
