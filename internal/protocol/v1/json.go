package v1

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// A field is one of a JSON object's.
type field struct {
	name  []byte
	value []byte // JSON
}

// checkObject reports why frame is not one JSON object in UTF-8. What else reads JSON here relies on it.
func checkObject(frame []byte) *Error {
	switch {
	case !utf8.Valid(frame):
		return &Error{Code: CodeBadJSON, Message: "the frame is not valid UTF-8"}
	case !json.Valid(frame):
		var value json.RawMessage
		return &Error{Code: CodeBadJSON, Message: fmt.Sprint("the frame is not JSON: ", json.Unmarshal(frame, &value))}
	case trimSpace(frame)[0] != '{':
		return &Error{Code: CodeBadJSON, Message: `the frame must be one JSON object, such as {"type":"ping"}`}
	}
	return nil
}

// eachField calls do for the fields of an object in their order, until one is wrong. A name is taken as it is written:
// "Type" is not "type".
func eachField(object []byte, do func(field) *Error) *Error {
	var name, value []byte
	for rest := inside(object); rest[0] != '}'; {
		name, rest = next(rest)
		value, rest = next(rest)
		if err := do(field{unquote(name), value}); err != nil {
			return err
		}
	}
	return nil
}

// eachElement calls do for the elements of an array, under the array's name, until one is wrong.
func (f field) eachElement(do func(field) *Error) *Error {
	if f.value[0] != '[' {
		return f.mismatch("an array")
	}
	var value []byte
	for rest := inside(f.value); rest[0] != ']'; {
		value, rest = next(rest)
		if err := do(field{f.name, value}); err != nil {
			return err
		}
	}
	return nil
}

// inside is what follows the bracket that opens an object or an array.
func inside(composite []byte) []byte { return trimSpace(trimSpace(composite)[1:]) }

// next splits data into the value that it begins with and what comes behind that, and behind a comma or a colon.
func next(data []byte) (value, rest []byte) {
	end := valueEnd(data)
	rest = trimSpace(data[end:])
	if rest[0] == ',' || rest[0] == ':' {
		rest = trimSpace(rest[1:])
	}
	return data[:end], rest
}

func trimSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\t' || data[0] == '\r' || data[0] == '\n') {
		data = data[1:]
	}
	return data
}

// valueEnd is where the value ends that data begins with.
func valueEnd(data []byte) int {
	for depth, i := 0, 0; ; i++ {
		switch data[i] {
		case '"':
			i += stringEnd(data[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth > 0 {
				continue
			}
			return i + scalarEnd(data[i:])
		}
		if depth == 0 {
			return i + 1
		}
	}
}

func stringEnd(data []byte) int {
	for i := 1; ; i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// scalarEnd is where a number, true, false or null ends.
func scalarEnd(data []byte) int {
	for i, c := range data {
		switch c {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return i
		}
	}
	return len(data)
}

// unquote returns what a string says: a part of it if it escapes nothing. Halves of surrogate pairs
// become U+FFFD.
func unquote(quoted []byte) []byte {
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 {
		return plain
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // known to be valid
	return []byte(s)
}

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD; U+2028 and U+2029 are
// escaped, since a line of JavaScript could not hold them before 2019.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	written := 0
	for i := 0; i < len(s); {
		if len(s)-i >= 8 && plain8(s[i:i+8]) {
			i += 8
			continue
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				dst = appendEscaped(append(dst, s[written:i]...), c)
				written = i + 1
			}
			i++
			continue
		}
		// A conversion of no more than a rune's bytes needs no memory of the heap.
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		switch r {
		case utf8.RuneError:
			dst = append(append(dst, s[written:i]...), "\uFFFD"...)
			written = i + size
		case '\u2028', '\u2029':
			dst = append(append(dst, s[written:i]...), `\u202`...)
			dst = append(dst, "89"[r&1])
			written = i + size
		}
		i += size
	}
	dst = append(dst, s[written:]...)
	return append(dst, '"')
}

// plain8 reports whether none of eight bytes needs a closer look, all at once: the top bit of a byte stays clear where
// it is ASCII, and not less than a space, a quote or a backslash.
func plain8[T string | []byte](s T) bool {
	const ones = 0x0101010101010101
	_ = s[7]
	w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return (w|(w-ones*' ')|((w^ones*'"')-ones)|((w^ones*'\\')-ones))&(ones*0x80) == 0
}

func appendEscaped(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
