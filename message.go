package recado

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"time"
)

// A Kind says what the bytes of a message are.
type Kind uint8

// The kinds of message.
const (
	Text   Kind = iota + 1 // valid UTF-8
	Binary                 // any bytes
	JSON                   // one JSON value, compact
)

// String returns "text", "binary" or "json".
func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Binary:
		return "binary"
	case JSON:
		return "json"
	}
	return "invalid"
}

// A Message is what one member said in one room.
type Message struct {
	Room   string
	Seq    uint64    // given by the broker; rises, with holes, within an epoch; 0 if the message is ephemeral
	Prev   uint64    // Seq of the room's message before this one, or where the room's known history begins
	Time   time.Time // given by the broker, to the millisecond
	Sender MemberID  // zero when it came from no session
	Name   string    // of the sender, then; see From
	ID     string    // the sender's own, by which a message that is sent again is recognised; "" for none
	Event  string    // what an application calls this kind of message; "" for none
	Kind   Kind
	Data   []byte

	Ephemeral bool // not kept, and the first to be dropped
}

// From is the name of the sender: the one it gave itself, or else the one that its id gives it.
func (m *Message) From() string {
	if m.Name == "" {
		return m.Sender.Name()
	}
	return m.Name
}

// A MemberID names one session publicly. It is the beginning of a SHA-256 sum of the session's secret,
// so that every node and every restart derives the same one.
type MemberID [16]byte

// NewMemberID derives the public id of the session with this secret.
func NewMemberID(session []byte) MemberID {
	sum := sha256.Sum256(session)
	return MemberID(sum[:16])
}

// ParseMemberID reads what String wrote.
func ParseMemberID(s string) (MemberID, error) {
	var id MemberID
	if len(s) == len("m")+memberEncoding.EncodedLen(len(id)) && s[0] == 'm' {
		_, err := memberEncoding.Decode(id[:], []byte(s[1:]))
		var again [len("m") + 26]byte // what is left of the last character must be zero
		if same, _ := id.AppendText(again[:0]); err == nil && string(same) == s {
			return id, nil
		}
	}
	return MemberID{}, fmt.Errorf("%q is not a member's id", s)
}

// Name is what a member is called who has not said how: short, pronounceable, and the same everywhere.
func (id MemberID) Name() string {
	const consonants, vowels = "bdfglmnprstvz", "aeiou"
	name := make([]byte, 0, 7)
	for i, b := range id[:3] {
		if i == 2 {
			name = append(name, '-')
		}
		name = append(name, consonants[int(b>>4)%len(consonants)], vowels[int(b)%len(vowels)])
	}
	return string(name)
}

// MarshalText returns what String does.
func (id MemberID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// AppendText appends what String returns.
func (id MemberID) AppendText(dst []byte) ([]byte, error) {
	return memberEncoding.AppendEncode(append(dst, 'm'), id[:]), nil
}

// UnmarshalText is ParseMemberID.
func (id *MemberID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseMemberID(string(text))
	return err
}

// String returns the id as clients see it: "m" and 26 lower-case base32 characters.
func (id MemberID) String() string {
	return "m" + memberEncoding.EncodeToString(id[:])
}

//nolint:gochecknoglobals // a constant
var memberEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
