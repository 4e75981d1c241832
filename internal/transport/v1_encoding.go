package transport

import (
	"github.com/gobwas/ws"

	"recado"
	"recado/internal/hub"
	v1 "recado/internal/protocol/v1"
)

// v1Format is the format of recado.v1.
type v1Format struct{}

func (v1Format) Append(dst []byte, m *recado.Message) (payload []byte, kind recado.Kind, ok bool) {
	return v1.AppendMessage(dst, m), recado.Text, true
}

func (v1Format) AppendOwn(dst []byte, m *recado.Message) (payload []byte, kind recado.Kind, ok bool) {
	if m.Ephemeral {
		return dst, 0, false
	}
	return v1.AppendAck(dst, m), recado.Text, true
}

// A v1Encoding is the encoding of recado.v1, which also tells who comes and goes.
type v1Encoding struct{ *encoding }

var _ hub.PresenceEncoding = v1Encoding{}

// AppendChange appends a frame of presence.
func (v1Encoding) AppendChange(dst []byte, c hub.Change, p hub.Person) []byte {
	change := map[hub.Change]v1.Change{hub.Joined: v1.Joined, hub.Left: v1.Left, hub.Renamed: v1.Renamed}[c]
	return appendEvent(dst, v1.Presence{Change: change, Member: v1.Member(p)})
}

// AppendCount appends a frame that counts, or lists, the members.
func (v1Encoding) AppendCount(dst []byte, count int, people []hub.Person) []byte {
	return appendEvent(dst, v1.Count{MemberCount: count, Members: members(people)})
}

// appendEvent appends e as one frame.
func appendEvent(dst []byte, e v1.Event) []byte {
	payload := v1.AppendEvent(append(dst, make([]byte, headerSpace)...), e)
	return appendFrame(payload[:len(dst)], ws.OpText, 0, payload[len(dst)+headerSpace:]) // moved to its place
}

func (v1Encoding) appendEvent(dst []byte, e v1.Event) []byte { return appendEvent(dst, e) }

// members converts; nil stays nil.
func members(people []hub.Person) []v1.Member {
	if people == nil {
		return nil
	}
	all := make([]v1.Member, len(people))
	for i, p := range people {
		all[i] = v1.Member(p)
	}
	return all
}
