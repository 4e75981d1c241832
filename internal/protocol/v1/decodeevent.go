package v1

import (
	"errors"
	"fmt"
	"time"

	"recado"
)

// ErrUnknownType is wrapped by DecodeEvent for a frame that a later version of the protocol may define:
// a client ignores it.
var ErrUnknownType = errors.New("not a frame of recado.v1")

// DecodeEvent reads a frame of the server's. The Data of a Content may be a part of frame.
func DecodeEvent(frame []byte) (Event, error) {
	err := checkObject(frame)
	if err != nil {
		return nil, errors.New(err.Message)
	}
	name, err := frameType(frame)
	if err != nil {
		return nil, errors.New(err.Message)
	}
	e, err := decodeEvent(string(name), frame)
	switch {
	case err != nil:
		return nil, fmt.Errorf("a frame of type %s: %s", name, err.Message)
	case e == nil:
		return nil, fmt.Errorf("%w: type %.40q", ErrUnknownType, name)
	}
	return e, nil
}

// decodeEvent returns nil if there is no such type.
func decodeEvent(name string, frame []byte) (Event, *Error) {
	switch name {
	case "welcome":
		return decodeWelcome(frame)
	case "message":
		return decodeMessage(frame)
	case "ack":
		return decodeAck(frame)
	case "history":
		return decodePage(frame)
	case string(Joined), string(Left), string(Renamed):
		return decodePresence(Change(name), frame)
	case "count":
		return decodeCount(frame)
	case "gap":
		return decodeGap(frame)
	case "drain":
		return decodeDrain(frame)
	case "pong":
		return Pong{}, nil
	case "error":
		return decodeError(frame)
	}
	return nil, nil
}

func decodeWelcome(frame []byte) (w Welcome, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "room":
			w.Room, err = f.text()
		case "session":
			w.Session, err = f.text()
		case "you":
			w.You, err = f.member()
		case "position":
			w.Position, err = f.position()
		case "recovered":
			w.Recovered, err = f.truth()
		case "replay":
			w.Replay, err = f.count(CodeBadField)
		case "members":
			w.Members, err = f.members()
		case "member_count":
			w.MemberCount, err = f.count(CodeBadField)
		case "limits":
			w.Limits, err = f.limits()
		case "ping_seconds":
			w.PingSeconds, err = f.count(CodeBadField)
		}
		return err
	})
	if err == nil && w.Position == (recado.Position{}) {
		err = noPosition()
	}
	return w, err
}

func decodeMessage(frame []byte) (m Message, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "seq":
			m.Seq, err = f.seq()
		case "prev":
			m.Prev, err = f.seq()
		case "time":
			m.Time, err = f.time()
		case "from":
			m.From, err = f.member()
		case "text", "json", "base64":
			err = f.content(&m.Content)
		case "event":
			m.Event, err = f.event()
		case "ephemeral":
			m.Ephemeral, err = f.truth()
		}
		return err
	})
	switch {
	case err != nil:
	case m.Content.Kind == 0:
		err = noContent()
	case m.Ephemeral:
		m.Seq, m.Prev = 0, 0
	default:
		err = checkOrder(m.Seq, m.Prev)
	}
	return m, err
}

func decodeAck(frame []byte) (a Ack, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "id":
			a.ID, err = f.id()
		case "seq":
			a.Seq, err = f.seq()
		case "prev":
			a.Prev, err = f.seq()
		case "duplicate":
			a.Duplicate, err = f.truth()
		}
		return err
	})
	if err == nil {
		err = checkOrder(a.Seq, a.Prev)
	}
	return a, err
}

func decodePage(frame []byte) (p Page, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "id":
			p.ID, err = f.id()
		case "messages":
			p.Messages, err = f.messages()
		case "more":
			p.More, err = f.truth()
		}
		return err
	})
	return p, err
}

func decodePresence(change Change, frame []byte) (p Presence, err *Error) {
	p.Change = change
	err = eachField(frame, func(f field) (err *Error) {
		if string(f.name) == "member" {
			p.Member, err = f.member()
		}
		return err
	})
	return p, err
}

func decodeCount(frame []byte) (c Count, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "member_count":
			c.MemberCount, err = f.count(CodeBadField)
		case "members":
			c.Members, err = f.members()
		}
		return err
	})
	return c, err
}

func decodeGap(frame []byte) (g Gap, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "from":
			g.From, err = f.seq()
		case "to":
			g.To, err = f.seq()
		case "missed":
			g.Missed, err = f.count(CodeBadField)
		case "reason":
			g.Reason, err = f.text()
		case "position":
			g.Position, err = f.position()
		}
		return err
	})
	if err == nil && g.Position == (recado.Position{}) {
		err = noPosition()
	}
	return g, err
}

func decodeDrain(frame []byte) (d Drain, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		if string(f.name) == "reconnect_after_ms" {
			d.ReconnectAfter, err = f.milliseconds()
		}
		return err
	})
	return d, err
}

func decodeError(frame []byte) (e *Error, err *Error) {
	e = &Error{}
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "code":
			e.Code, err = f.text()
		case "message":
			e.Message, err = f.text()
		case "id":
			e.ID, err = f.id()
		case "retry_after_ms":
			e.RetryAfter, err = f.milliseconds()
		}
		return err
	})
	return e, err
}

func checkOrder(seq, prev uint64) *Error {
	if seq > prev {
		return nil
	}
	return &Error{Message: fmt.Sprintf(`the field "seq", %d, must be more than "prev", %d`, seq, prev)}
}

func noPosition() *Error { return &Error{Message: `the field "position" is missing`} }

func (f field) member() (m Member, err *Error) {
	if f.value[0] != '{' {
		return m, f.mismatch("an object")
	}
	err = eachField(f.value, func(f field) (err *Error) {
		switch string(f.name) {
		case "id":
			m.ID, err = f.memberID()
		case "name":
			m.Name, err = f.text()
		case "user":
			m.User, err = f.text()
		}
		return err
	})
	return m, err
}

func (f field) memberID() (recado.MemberID, *Error) {
	s, wrong := f.text()
	if wrong != nil {
		return recado.MemberID{}, wrong
	}
	id, err := recado.ParseMemberID(s)
	if err != nil {
		return id, f.mismatch("the id of a member")
	}
	return id, nil
}

// members are not nil.
func (f field) members() ([]Member, *Error) {
	members := []Member{}
	err := f.eachElement(func(element field) *Error {
		m, err := element.member()
		members = append(members, m)
		return err
	})
	return members, err
}

func (f field) messages() (messages []Message, err *Error) {
	err = f.eachElement(func(element field) *Error {
		if element.value[0] != '{' {
			return element.mismatch("an array of objects")
		}
		m, wrong := decodeMessage(element.value)
		messages = append(messages, m)
		return wrong
	})
	return messages, err
}

func (f field) limits() (l Limits, err *Error) {
	if f.value[0] != '{' {
		return l, f.mismatch("an object")
	}
	err = eachField(f.value, func(f field) (err *Error) {
		switch string(f.name) {
		case "message_bytes":
			l.MessageBytes, err = f.count(CodeBadField)
		case "messages_per_second":
			l.MessagesPerSecond, err = f.count(CodeBadField)
		case "queue_bytes":
			l.QueueBytes, err = f.count(CodeBadField)
		}
		return err
	})
	return l, err
}

func (f field) time() (time.Time, *Error) {
	s, wrong := f.bytes()
	if wrong != nil {
		return time.Time{}, wrong
	}
	var t time.Time
	err := t.UnmarshalText(s)
	t = t.UTC().Truncate(time.Millisecond)
	if err != nil || t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}, f.mismatch("a time in RFC 3339")
	}
	return t, nil
}
