package v1_test

import (
	"encoding/json"
	"time"

	"pgregory.net/rapid"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// Any command and any event that says something.

var publish v1.Command = v1.Publish{ID: "c17", Content: v1.Content{Kind: recado.Text, Data: []byte("bom dia")}}

var (
	texts     = rapid.String()
	ids       = rapid.StringMatching(`[!-~]{1,64}`)
	numbers   = rapid.IntRange(0, 1<<31-1)
	optionals = rapid.OneOf(rapid.Just(""), ids)
	eventIDs  = rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[A-Za-z0-9_.:-]{1,64}`))
	sessions  = rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[A-Za-z0-9_.~-]{22,128}`))
	durations = rapid.Map(numbers, func(n int) time.Duration { return time.Duration(n) * time.Millisecond })

	positions = rapid.Custom(func(t *rapid.T) recado.Position {
		return recado.Position{Epoch: rapid.StringMatching(`[a-z0-9]{1,12}`).Draw(t, "epoch"), Seq: rapid.Uint64().Draw(t, "seq")}
	})
	resumes = rapid.OneOf(rapid.Just(recado.Position{}), positions)

	members = rapid.Custom(func(t *rapid.T) v1.Member {
		return v1.Member{ID: recado.NewMemberID(rapid.SliceOf(rapid.Byte()).Draw(t, "session")), Name: texts.Draw(t, "name")}
	})
	// lists are nil, empty or full.
	lists = rapid.OneOf(rapid.Just([]v1.Member(nil)), rapid.SliceOfN(members, 0, 3))

	contents = rapid.Custom(func(t *rapid.T) v1.Content {
		switch kind := rapid.SampledFrom([]recado.Kind{recado.Text, recado.Binary, recado.JSON}).Draw(t, "kind"); kind {
		case recado.JSON:
			data, err := json.Marshal(rapid.MapOf(texts, texts).Draw(t, "value"))
			if err != nil {
				t.Fatal(err)
			}
			return v1.Content{Kind: kind, Data: data}
		case recado.Binary:
			return v1.Content{Kind: kind, Data: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")}
		default:
			return v1.Content{Kind: kind, Data: []byte(texts.Draw(t, "text"))}
		}
	})

	commands = rapid.Custom(func(t *rapid.T) v1.Command {
		switch rapid.IntRange(0, 5).Draw(t, "type") {
		case 0:
			return v1.Hello{
				Name: texts.Draw(t, "name"), Token: texts.Draw(t, "token"), Session: sessions.Draw(t, "session"),
				Since: resumes.Draw(t, "since"), History: numbers.Draw(t, "history"), Echo: rapid.Bool().Draw(t, "echo"),
			}
		case 1:
			return v1.Publish{
				ID: optionals.Draw(t, "id"), Content: contents.Draw(t, "content"),
				Event: eventIDs.Draw(t, "event"), Ephemeral: rapid.Bool().Draw(t, "ephemeral"),
			}
		case 2:
			return v1.History{ID: optionals.Draw(t, "id"), Before: resumes.Draw(t, "before"), Limit: numbers.Draw(t, "limit")}
		case 3:
			return v1.Rename{Name: texts.Draw(t, "name")}
		case 4:
			return v1.Auth{Token: "t" + texts.Draw(t, "token")} // it has one
		default:
			return v1.Ping{}
		}
	})
)

var messages = rapid.Custom(func(t *rapid.T) v1.Message {
	m := v1.Message{
		Time:      time.UnixMilli(rapid.Int64Range(0, 253402300799999).Draw(t, "time")).UTC(), // to the end of 9999
		From:      members.Draw(t, "from"),
		Content:   contents.Draw(t, "content"),
		Event:     eventIDs.Draw(t, "event"),
		Ephemeral: rapid.Bool().Draw(t, "ephemeral"),
	}
	if !m.Ephemeral {
		m.Seq = rapid.Uint64Min(1).Draw(t, "seq")
		m.Prev = rapid.Uint64Max(m.Seq-1).Draw(t, "prev")
	}
	return m
})

var events = rapid.Custom(func(t *rapid.T) v1.Event {
	seq := rapid.Uint64Min(1).Draw(t, "seq")
	prev := rapid.Uint64Max(seq-1).Draw(t, "prev")
	switch rapid.IntRange(0, 9).Draw(t, "type") {
	case 0:
		return v1.Welcome{
			Room: texts.Draw(t, "room"), Session: texts.Draw(t, "session"), You: members.Draw(t, "you"),
			Position: positions.Draw(t, "position"), Recovered: rapid.Bool().Draw(t, "recovered"), Replay: numbers.Draw(t, "replay"),
			Members: lists.Draw(t, "members"), MemberCount: numbers.Draw(t, "count"), PingSeconds: numbers.Draw(t, "ping"),
			Limits: v1.Limits{
				MessageBytes: numbers.Draw(t, "bytes"), MessagesPerSecond: numbers.Draw(t, "rate"), QueueBytes: numbers.Draw(t, "queue"),
			},
		}
	case 1:
		return messages.Draw(t, "message")
	case 2:
		return v1.Ack{ID: optionals.Draw(t, "id"), Seq: seq, Prev: prev, Duplicate: rapid.Bool().Draw(t, "duplicate")}
	case 3:
		p := v1.Page{ID: optionals.Draw(t, "id"), More: rapid.Bool().Draw(t, "more")}
		for range rapid.IntRange(0, 3).Draw(t, "messages") {
			p.Messages = append(p.Messages, messages.Draw(t, "message"))
		}
		return p
	case 4:
		change := rapid.SampledFrom([]v1.Change{v1.Joined, v1.Left, v1.Renamed}).Draw(t, "change")
		return v1.Presence{Change: change, Member: members.Draw(t, "member")}
	case 5:
		return v1.Count{MemberCount: numbers.Draw(t, "count"), Members: lists.Draw(t, "members")}
	case 6:
		return v1.Gap{From: prev, To: seq, Missed: numbers.Draw(t, "missed"), Reason: texts.Draw(t, "reason"), Position: positions.Draw(t, "position")}
	case 7:
		return v1.Drain{ReconnectAfter: durations.Draw(t, "after")}
	case 8:
		return v1.Pong{}
	default:
		return &v1.Error{Code: texts.Draw(t, "code"), Message: texts.Draw(t, "message"), ID: optionals.Draw(t, "id"), RetryAfter: durations.Draw(t, "after")}
	}
})
