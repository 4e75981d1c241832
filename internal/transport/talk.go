package transport

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"recado"
	"recado/internal/hub"
	v1 "recado/internal/protocol/v1"
)

const (
	// maxHistory bounds one answer with earlier messages, in messages and in bytes of payload.
	maxHistory      = 200
	maxHistoryBytes = 256 << 10
	// toldLimited is how long a client is read more slowly before it is told, and how long what it is told holds.
	toldLimited = time.Second
)

// A talk is what a session that speaks recado.v1 has besides. It belongs to the goroutine that reads.
type talk struct {
	encoding v1Encoding
	room     string
	patience *time.Timer // for the hello; nil when it has come
	address  string      // of the client, for the log of the hello

	authenticator recado.Authenticator // nil: open to all
	given         int                  // messages of the history that the frame at hand has asked for

	tellAt time.Time // when a client that is over its rate is told so next; zero: it is not over it
}

// awaitHello gives the client its time to say hello.
func (s *session) awaitHello() {
	s.talk.patience = time.AfterFunc(s.limits.HelloTimeout, func() {
		defer s.survive()
		s.close(recado.CloseMisuse, "hello_timeout", "no hello")
	})
}

// handleCommand does what one frame asks for. What cannot be done is answered with an error, and the session goes on.
func (s *session) handleCommand(kind recado.Kind, frame []byte) error {
	if kind != recado.Text {
		return failf(recado.CloseUnsupported, "binary frame in recado.v1")
	}
	command, err := v1.DecodeCommand(frame)
	problem, is := errors.AsType[*v1.Error](err)
	if err == nil {
		err = s.obey(command)
		if problem, is = errors.AsType[*v1.Error](err); is {
			problem.ID = v1.FrameID(frame)
		}
	}
	if is {
		s.settle()
		s.complain(problem)
		return nil
	}
	return err
}

func (s *session) obey(command v1.Command) error {
	hello, is := command.(v1.Hello)
	switch {
	case is && s.joined():
		return &v1.Error{Code: v1.CodeHelloRepeated, Message: "hello is only for the beginning"}
	case is:
		return s.hello(hello)
	case !s.joined():
		s.close(recado.CloseMisuse, "hello_expected", fmt.Sprintf("%T before hello", command))
		return nil
	}
	if c, is := command.(v1.Publish); is {
		return s.publishCommand(c)
	}
	s.settle() // an answer comes behind what was published before the question
	switch c := command.(type) {
	case v1.History:
		return s.history(c)
	case v1.Rename:
		return s.rename(c)
	case v1.Ping:
		s.say(v1.Pong{})
	case v1.Auth:
		return s.renew(c.Token)
	}
	return nil
}

// rename changes the client's name. It is told at once, however long the others take to hear of it.
func (s *session) rename(c v1.Rename) error {
	name, err := cleanName(c.Name)
	if err == nil && s.access().CalledName(name) != name {
		err = &v1.Error{Code: v1.CodeNameInvalid, Message: "the name is that of the token"}
	}
	if err != nil {
		return err
	}
	s.member.Rename(name)
	s.say(v1.Presence{Change: v1.Renamed, Member: v1.Member{ID: s.member.ID, Name: name, User: s.member.User}})
	return nil
}

// say sends one frame that is no part of the room's order.
func (s *session) say(e v1.Event) { s.send(appendEvent(nil, e)) }

// complain tells the client what it does wrong.
func (s *session) complain(problem *v1.Error) {
	s.transport.observer.Erred(problem.Code)
	s.say(problem)
}

func (s *session) publishCommand(c v1.Publish) error {
	if !s.may(recado.MayPublish) {
		return forbidden(recado.MayPublish)
	}
	if size, limit := len(c.Content.Data), s.limits.MessageSize; size > limit {
		return &v1.Error{
			Code: v1.CodeMessageTooBig, Message: fmt.Sprintf("the message has %d bytes, the limit is %d", size, limit),
		}
	}
	receipt, err := s.publish(recado.Message{
		ID: c.ID, Event: c.Event, Kind: c.Content.Kind, Data: c.Content.Data, Ephemeral: c.Ephemeral,
	})
	if err == nil && receipt.Duplicate {
		s.say(v1.Ack{ID: c.ID, Seq: receipt.Seq, Prev: receipt.Prev, Duplicate: true})
	}
	return err
}

// hello makes the session a member of the room, and tells the client what it finds there.
func (s *session) hello(h v1.Hello) error {
	name, secret := "", h.Session
	var err error
	if h.Name != "" {
		if name, err = cleanName(h.Name); err != nil {
			return err
		}
	}
	if secret == "" {
		secret = newSecret()
	}
	if !s.identify(h.Token) {
		return nil
	}
	name = s.access().CalledName(name)
	s.member = hub.Member{
		ID: s.access().MemberID(secret), Name: name, User: s.access().User(), Echo: h.Echo,
		Local: s.local, Encoding: s.talkEncoding(), Conn: s,
	}
	if err := s.transport.join(context.Background(), s.talk.room, &s.member); err != nil {
		if errors.Is(err, recado.ErrRooms) {
			return failf(recado.CloseOverloaded, "%v", err)
		}
		return failf(recado.CloseInternal, "join: %v", err)
	}
	s.began = s.member.Position().Seq
	s.talk.patience.Stop()
	s.talk.patience = nil
	you := v1.Member{ID: s.member.ID, Name: cmp.Or(name, s.member.ID.Name()), User: s.member.User}
	s.transport.log.Info("client introduced", s.named("address", s.talk.address, "room", s.talk.room, "name", you.Name)...)
	s.talk.address = ""
	w := v1.Welcome{
		Room: s.talk.room, Session: secret, You: you,
		Limits: s.announced(), PingSeconds: max(0, int(s.limits.PingInterval/time.Second)),
	}
	return s.welcome(w, h)
}

// announced are the limits that hold for this client.
func (s *session) announced() v1.Limits {
	l := s.limits
	a := v1.Limits{MessageBytes: l.MessageSize, MessagesPerSecond: l.MessageRate, QueueBytes: l.Queue}
	if s.local || l.MessageRate == recado.Off {
		a.MessagesPerSecond = 0
	}
	return a
}

// welcome sends the first frames: the welcome, a gap if there is one, what was asked of the history. What is not
// sent at once follows from a cursor.
func (s *session) welcome(w v1.Welcome, h v1.Hello) error {
	c := &cursor{at: h.Since, told: true}
	var page recado.Page
	var behind []byte // the welcome
	var err error
	switch {
	case h.Since != recado.Position{}:
		if page, err = s.readAfter(h.Since, pageSize); err != nil {
			return failf(recado.CloseInternal, "history: %v", err)
		}
		w.Recovered, w.Replay = page.From == h.Since, len(page.Messages)+page.Left
		s.observeResume(c, page.From)
		if !w.Recovered {
			behind = s.appendGap(nil, gap(c, page.From))
		}
	case h.History > 0:
		var answer v1.Page
		if answer, page, err = s.newestHistory(h.History); err != nil {
			return err
		}
		behind = appendEvent(nil, answer)
	}
	c.slow = true
	behind, whole := s.appendPage(behind, c, page)
	w.Position = page.From
	s.greet(w, behind, c, whole)
	return nil
}

// greet sends the welcome and what comes behind it, and attaches the session if that is all there is to read.
func (s *session) greet(w v1.Welcome, behind []byte, c *cursor, whole bool) {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	live := false
	if c.at == (recado.Position{}) {
		c.at, live = s.member.Attach(), true
		w.Position = c.at
	} else if whole {
		live = s.member.AttachAt(c.at)
	}
	c.roster = s.roster()
	w.MemberCount, w.Members = c.roster.Count, members(c.roster.Members)
	s.sendLocked(append(appendEvent(nil, w), behind...), true)
	if !live {
		s.out.cursor = c
		s.startWriting()
	}
}

// history answers with earlier messages.
func (s *session) history(c v1.History) error {
	if !s.may(recado.MayReadHistory) {
		return forbidden(recado.MayReadHistory)
	}
	answer, page, err := s.readHistory(c.Before, c.Limit)
	if err != nil {
		return err
	}
	if c.Before != (recado.Position{}) && c.Before.Epoch != page.From.Epoch {
		return &v1.Error{Code: v1.CodePositionInvalid, Message: "the position is of a history that is no more"}
	}
	answer.ID = c.ID
	s.talk.given = len(answer.Messages)
	s.answer(appendEvent(nil, answer))
	return nil
}

// newestHistory is readHistory for a hello: an empty page for a client that may not read the history.
func (s *session) newestHistory(limit int) (v1.Page, recado.Page, error) {
	if !s.may(recado.MayReadHistory) {
		return v1.Page{}, recado.Page{From: s.member.Position()}, nil
	}
	return s.readHistory(recado.Position{}, limit)
}

// readHistory returns the last messages before a position, as many as one answer can hold. The page that comes with
// it is empty, and behind them.
func (s *session) readHistory(before recado.Position, limit int) (v1.Page, recado.Page, error) {
	if limit == 0 {
		limit = maxHistory
	}
	page, err := s.member.ReadBefore(context.Background(), before, min(limit, maxHistory))
	if err != nil {
		return v1.Page{}, page, failf(recado.CloseInternal, "history: %v", err)
	}
	answer := v1.Page{More: page.Left > 0}
	first, size := len(page.Messages), 0
	for i, m := range slices.Backward(page.Messages) {
		if size += len(m.Data); size > maxHistoryBytes && i < len(page.Messages)-1 {
			answer.More = true
			break
		}
		first = i
	}
	for i := range page.Messages[first:] {
		answer.Messages = append(answer.Messages, v1.FromMessage(&page.Messages[first+i]))
	}
	end := page.From
	if n := len(page.Messages); n > 0 {
		end.Seq = page.Messages[n-1].Seq
	}
	return answer, recado.Page{From: end}, nil
}

// tellSlowed tells a client that it is over its rate: when that has held it up for a while, and then again before what
// it was told has run out, for as long as it lasts.
func (t *talk) tellSlowed(s *session, wait time.Duration) {
	now := time.Now()
	switch {
	case wait <= 0:
		t.tellAt = time.Time{}
		return
	case t.tellAt.IsZero():
		t.tellAt = now.Add(toldLimited)
	}
	if now.Add(wait).Before(t.tellAt) {
		return
	}
	again := max(wait, toldLimited)
	t.tellAt = now.Add(again)
	s.complain(&v1.Error{
		Code: v1.CodeRateLimited, RetryAfter: again,
		Message: fmt.Sprintf("more than %d messages a second: they are taken more slowly", s.limits.MessageRate),
	})
}

func cleanName(name string) (string, error) {
	clean, err := recado.CleanName(name)
	if err != nil {
		return "", &v1.Error{Code: v1.CodeNameInvalid, Message: err.Error()}
	}
	return clean, nil
}

// newSecret is a session of 128 random bits.
func newSecret() string {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(secret[:])
}
