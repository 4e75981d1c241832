package v1_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// The clients run the same vectors; what their fields mean is said in the files.

func TestCommandVectors(t *testing.T) {
	var cases []struct {
		Name, Frame string
		Command     any
		Error       struct{ Code, ID string }
		Sent        bool
	}
	readVectors(t, "commands.json", &cases)
	for _, tt := range cases {
		t.Run(tt.Name, func(t *testing.T) {
			c, err := v1.DecodeCommand([]byte(tt.Frame))
			if tt.Error.Code != "" {
				wantError(t, err, tt.Error.Code, tt.Error.ID)
				return
			}
			if err != nil {
				t.Fatalf("DecodeCommand(%s): %v", tt.Frame, err)
			}
			wantSame(t, normalCommand(c), tt.Command)
			if got := v1.AppendCommand(nil, c); tt.Sent && string(got) != tt.Frame {
				t.Errorf("AppendCommand(%+v) = %s, want %s", c, got, tt.Frame)
			}
		})
	}
}

func TestEventVectors(t *testing.T) {
	var cases []struct {
		Name, Frame    string
		Event          any
		Ignored, Exact bool
	}
	readVectors(t, "events.json", &cases)
	for _, tt := range cases {
		t.Run(tt.Name, func(t *testing.T) {
			e, err := v1.DecodeEvent([]byte(tt.Frame))
			if tt.Event == nil {
				if err == nil || errors.Is(err, v1.ErrUnknownType) != tt.Ignored {
					t.Errorf("DecodeEvent(%s) = %+v, %v, want an error, ErrUnknownType: %v", tt.Frame, e, err, tt.Ignored)
				}
				return
			}
			if err != nil {
				t.Fatalf("DecodeEvent(%s): %v", tt.Frame, err)
			}
			wantSame(t, normalEvent(e), tt.Event)
			if got := v1.AppendEvent(nil, e); tt.Exact && string(got) != tt.Frame {
				t.Errorf("AppendEvent(%+v)\n got %s\nwant %s", e, got, tt.Frame)
			}
		})
	}
}

// What a client makes of chains is for the clients to test; that their frames are such as servers send is for us.
func TestChainVectorsAreFrames(t *testing.T) {
	var cases []struct {
		Name  string
		Steps []struct{ Receive []json.RawMessage }
	}
	readVectors(t, "chain.json", &cases)
	for _, tt := range cases {
		for _, step := range tt.Steps {
			for _, frame := range step.Receive {
				if _, err := v1.DecodeEvent(frame); err != nil && !errors.Is(err, v1.ErrUnknownType) {
					t.Errorf("%s: DecodeEvent(%s): %v", tt.Name, frame, err)
				}
			}
		}
	}
}

func readVectors(tb testing.TB, name string, cases any) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("../../../testdata/protocol", name))
	if err != nil {
		tb.Fatal(err)
	}
	var file struct {
		Cases json.RawMessage
	}
	if err = json.Unmarshal(data, &file); err == nil {
		err = json.Unmarshal(file.Cases, cases)
	}
	if err != nil || reflect.ValueOf(cases).Elem().Len() == 0 {
		tb.Fatalf("%s: no cases: %v", name, err)
	}
}

// wantSame compares as the files do: as JSON.
func wantSame(t *testing.T, got, want any) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var same any
	if err = json.Unmarshal(text, &same); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(same, want) {
		t.Errorf("it says\n%s, want\n%v", text, want)
	}
}

type object map[string]any

func normalCommand(c v1.Command) object {
	switch c := c.(type) {
	case v1.Hello:
		return object{
			"type": "hello", "name": c.Name, "token": c.Token, "session": c.Session,
			"since": normalPosition(c.Since), "history": c.History, "echo": c.Echo,
		}
	case v1.Publish:
		return object{"type": "publish", "id": c.ID, "content": normalContent(c.Content), "event": c.Event, "ephemeral": c.Ephemeral}
	case v1.History:
		return object{"type": "history", "id": c.ID, "before": normalPosition(c.Before), "limit": c.Limit}
	case v1.Rename:
		return object{"type": "rename", "name": c.Name}
	case v1.Auth:
		return object{"type": "auth", "token": c.Token}
	case v1.Ping:
		return object{"type": "ping"}
	}
	return nil
}

func normalEvent(e v1.Event) object {
	switch e := e.(type) {
	case v1.Welcome:
		return object{
			"type": "welcome", "room": e.Room, "session": e.Session, "you": normalMember(e.You), "position": e.Position.String(),
			"recovered": e.Recovered, "replay": e.Replay, "members": normalMembers(e.Members), "member_count": e.MemberCount,
			"limits": object{
				"message_bytes": e.Limits.MessageBytes, "messages_per_second": e.Limits.MessagesPerSecond, "queue_bytes": e.Limits.QueueBytes,
			},
			"ping_seconds": e.PingSeconds,
		}
	case v1.Message:
		return normalMessage(e)
	case v1.Ack:
		return object{"type": "ack", "id": e.ID, "seq": e.Seq, "prev": e.Prev, "duplicate": e.Duplicate}
	case v1.Page:
		messages := []object{}
		for _, m := range e.Messages {
			messages = append(messages, normalMessage(m))
		}
		return object{"type": "history", "id": e.ID, "messages": messages, "more": e.More}
	case v1.Presence:
		return object{"type": e.Change, "member": normalMember(e.Member)}
	case v1.Count:
		return object{"type": "count", "member_count": e.MemberCount, "members": normalMembers(e.Members)}
	case v1.Gap:
		return object{"type": "gap", "from": e.From, "to": e.To, "missed": e.Missed, "reason": e.Reason, "position": e.Position.String()}
	case v1.Drain:
		return object{"type": "drain", "reconnect_after_ms": e.ReconnectAfter.Milliseconds()}
	case v1.Pong:
		return object{"type": "pong"}
	case *v1.Error:
		return object{"type": "error", "code": e.Code, "message": e.Message, "id": e.ID, "retry_after_ms": e.RetryAfter.Milliseconds()}
	}
	return nil
}

func normalMessage(m v1.Message) object {
	return object{
		"type": "message", "seq": m.Seq, "prev": m.Prev, "time": m.Time.Format("2006-01-02T15:04:05.000Z07:00"),
		"from": normalMember(m.From), "content": normalContent(m.Content), "event": m.Event, "ephemeral": m.Ephemeral,
	}
}

func normalMembers(members []v1.Member) any {
	if members == nil {
		return nil
	}
	list := []object{}
	for _, m := range members {
		list = append(list, normalMember(m))
	}
	return list
}

func normalMember(m v1.Member) object {
	if m.ID == (recado.MemberID{}) {
		return object{"id": "", "name": m.Name}
	}
	return object{"id": m.ID, "name": m.Name}
}

func normalContent(c v1.Content) object {
	data := string(c.Data)
	if c.Kind == recado.Binary {
		data = hex.EncodeToString(c.Data)
	}
	return object{"kind": c.Kind.String(), "data": data}
}

func normalPosition(p recado.Position) string {
	if p == (recado.Position{}) {
		return ""
	}
	return p.String()
}
