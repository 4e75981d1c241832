package recado

import (
	"crypto/sha256"
	"encoding/base32"
)

// A Kind says what the bytes of a message are.
type Kind uint8

// The kinds of message.
const (
	Text   Kind = iota + 1 // valid UTF-8
	Binary                 // any bytes
)

// String returns "text" or "binary".
func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Binary:
		return "binary"
	}
	return "invalid"
}

// A Message is what one member said in one room.
type Message struct {
	Room   string
	Seq    uint64   // given by the broker; rises, with holes, within an epoch
	Prev   uint64   // Seq of the room's message before this one; 0 if there was none in this epoch
	Sender MemberID // zero when it came from no session
	Kind   Kind
	Data   []byte
}

// A MemberID names one session publicly. It is the beginning of a SHA-256 sum of the session's secret,
// so that every node and every restart derives the same one.
type MemberID [16]byte

// NewMemberID derives the public id of the session with this secret.
func NewMemberID(session []byte) MemberID {
	sum := sha256.Sum256(session)
	return MemberID(sum[:16])
}

// MarshalText returns what String does.
func (id MemberID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// String returns the id as clients see it: "m" and 26 lower-case base32 characters.
func (id MemberID) String() string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	return "m" + base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(id[:])
}
