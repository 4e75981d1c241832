package v1

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"recado"
)

// Each of these reads the value of a field as one kind of thing, or says what it should have been.

// bytes are those of a string; they may be a part of the frame.
func (f field) bytes() ([]byte, *Error) {
	if f.value[0] != '"' {
		return nil, f.mismatch("a string")
	}
	return unquote(f.value), nil
}

func (f field) text() (string, *Error) {
	b, err := f.bytes()
	return string(b), err
}

func (f field) truth() (bool, *Error) {
	if c := f.value[0]; c != 't' && c != 'f' {
		return false, f.mismatch("true or false")
	}
	return f.value[0] == 't', nil
}

// count reads how many there are. What is more than an int32 holds is as much as it holds.
func (f field) count(negative string) (int, *Error) {
	n, err := strconv.ParseInt(string(f.value), 10, 32)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, f.mismatch("a whole number")
	case n < 0:
		return 0, f.wrong(negative, "must not be negative")
	}
	return int(n), nil
}

func (f field) milliseconds() (time.Duration, *Error) {
	n, err := f.count(CodeBadField)
	return time.Duration(n) * time.Millisecond, err
}

func (f field) seq() (uint64, *Error) {
	n, err := strconv.ParseUint(string(f.value), 10, 64)
	if err != nil {
		return 0, f.mismatch("a whole number of 64 bits that is not negative")
	}
	return n, nil
}

func (f field) position() (recado.Position, *Error) {
	s, wrong := f.text()
	if wrong != nil {
		return recado.Position{}, wrong
	}
	p, err := recado.ParsePosition(s)
	if err != nil {
		return recado.Position{}, f.wrong(CodePositionInvalid, fmt.Sprintf("must be a position that the server gave, such as %q, not %.40q", "k3f9.41", s))
	}
	return p, nil
}

func (f field) id() (string, *Error) {
	return f.word(CodeIDInvalid, 1, 64, "printable ASCII without spaces", func(c byte) bool { return c >= '!' && c <= '~' })
}

func (f field) event() (string, *Error) {
	return f.word(CodeEventInvalid, 1, 64, "A-Z a-z 0-9 _ - . :", func(c byte) bool { return alphanumeric(c) || strings.IndexByte("_-.:", c) >= 0 })
}

func (f field) session() (string, *Error) {
	return f.word(CodeSessionInvalid, 22, 128, "A-Z a-z 0-9 - _ . ~", func(c byte) bool { return alphanumeric(c) || strings.IndexByte("-_.~", c) >= 0 })
}

// word reads a string of so many characters, each of an alphabet.
func (f field) word(code string, atLeast, atMost int, alphabet string, in func(byte) bool) (string, *Error) {
	s, err := f.text()
	if err != nil {
		return "", err
	}
	ok := len(s) >= atLeast && len(s) <= atMost
	for i := 0; ok && i < len(s); i++ {
		ok = in(s[i])
	}
	if !ok {
		return "", f.wrong(code, fmt.Sprintf("must have %d to %d characters of %s", atLeast, atMost, alphabet))
	}
	return s, nil
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// content reads one of the three fields of a content into c.
func (f field) content(c *Content) (err *Error) {
	before := c.Kind
	switch string(f.name) {
	case "text":
		c.Kind = recado.Text
		c.Data, err = f.bytes()
	case "base64":
		c.Kind = recado.Binary
		c.Data, err = f.base64()
	default:
		var compact bytes.Buffer
		_ = json.Compact(&compact, f.value) // known to be valid
		c.Kind = recado.JSON
		c.Data = compact.Bytes()
	}
	if err == nil && before != 0 && before != c.Kind {
		err = noContent()
	}
	return err
}

func noContent() *Error {
	return &Error{Code: CodePublishInvalid, Message: `want exactly one of the fields "text", "json" and "base64"`}
}

func (f field) base64() ([]byte, *Error) {
	encoded, wrong := f.bytes()
	if wrong != nil {
		return nil, wrong
	}
	data, err := base64.StdEncoding.Strict().AppendDecode([]byte{}, encoded)
	if err != nil || bytes.ContainsAny(encoded, "\r\n") { // which the decoder would skip
		return nil, f.wrong(CodeBase64Invalid, "must be base64 of the standard alphabet (+ and /), padded with =, in one line")
	}
	return data, nil
}

func (f field) wrong(code, why string) *Error {
	return &Error{Code: code, Message: fmt.Sprintf("the field %q %s", f.name, why)}
}

func (f field) mismatch(want string) *Error { return f.wrong(CodeBadField, "must be "+want) }
