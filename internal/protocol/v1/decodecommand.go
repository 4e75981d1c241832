package v1

import "fmt"

// DecodeCommand reads a frame of a client's. The error is always an [*Error], with the id of the frame if that has
// a valid one. Names are as they were sent, and no size is checked. Of two fields with the same name the later one
// counts, as in other readers of JSON. The Data of a Content may be a part of frame.
func DecodeCommand(frame []byte) (Command, error) {
	if err := checkObject(frame); err != nil {
		return nil, err
	}
	c, err := decodeCommand(frame)
	if err != nil {
		err.ID = FrameID(frame)
		return nil, err
	}
	return c, nil
}

func decodeCommand(frame []byte) (Command, *Error) {
	name, err := frameType(frame)
	if err != nil {
		return nil, err
	}
	switch string(name) {
	case "hello":
		return decodeHello(frame)
	case "publish":
		return decodePublish(frame)
	case "history":
		return decodeHistory(frame)
	case "rename":
		return decodeRename(frame)
	case "auth":
		return decodeAuth(frame)
	case "ping":
		return Ping{}, nil
	}
	return nil, &Error{
		Code:    CodeUnknownType,
		Message: fmt.Sprintf("the type %.40q is none of hello, publish, history, rename, auth and ping", name),
	}
}

// frameType is what the frame says that it is.
func frameType(frame []byte) (name []byte, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		if string(f.name) == "type" {
			name, err = f.bytes()
		}
		return err
	})
	if err == nil && name == nil {
		err = &Error{Code: CodeBadField, Message: `the field "type" is missing: it says what the frame is, such as {"type":"ping"}`}
	}
	return name, err
}

// FrameID is the id that an answer to the frame, which is a JSON object, carries: none if it is not valid.
func FrameID(frame []byte) (id string) {
	_ = eachField(frame, func(f field) *Error {
		if string(f.name) == "id" {
			id, _ = f.id()
		}
		return nil
	})
	return id
}

func decodeHello(frame []byte) (h Hello, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "name":
			h.Name, err = f.text()
		case "token":
			h.Token, err = f.text()
		case "session":
			h.Session, err = f.session()
		case "since":
			h.Since, err = f.position()
		case "history":
			h.History, err = f.count(CodeHistoryInvalid)
		case "echo":
			h.Echo, err = f.truth()
		}
		return err
	})
	return h, err
}

func decodePublish(frame []byte) (p Publish, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "id":
			p.ID, err = f.id()
		case "text", "json", "base64":
			err = f.content(&p.Content)
		case "event":
			p.Event, err = f.event()
		case "ephemeral":
			p.Ephemeral, err = f.truth()
		}
		return err
	})
	if err == nil && p.Content.Kind == 0 {
		err = noContent()
	}
	return p, err
}

func decodeHistory(frame []byte) (h History, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		switch string(f.name) {
		case "id":
			h.ID, err = f.id()
		case "before":
			h.Before, err = f.position()
		case "limit":
			h.Limit, err = f.count(CodeHistoryInvalid)
		}
		return err
	})
	return h, err
}

func decodeRename(frame []byte) (r Rename, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		if string(f.name) == "name" {
			r.Name, err = f.text()
		}
		return err
	})
	return r, err
}

func decodeAuth(frame []byte) (a Auth, err *Error) {
	err = eachField(frame, func(f field) (err *Error) {
		if string(f.name) == "token" {
			a.Token, err = f.text()
		}
		return err
	})
	if err == nil && a.Token == "" {
		err = &Error{Code: CodeBadField, Message: `the field "token" is missing, or empty`}
	}
	return a, err
}
