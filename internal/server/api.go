package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"recado"
	"recado/internal/hub"
	"recado/internal/protocol/ndjson"
)

// What one answer lists at most, and unless asked otherwise.
const (
	maxListed      = 1000
	standardListed = 100
)

type (
	roomsAnswer struct {
		Rooms []roomAnswer `json:"rooms"`
		More  bool         `json:"more"`
	}
	roomAnswer struct {
		Name     string `json:"name"`
		Members  int    `json:"members"`
		Position string `json:"position,omitempty"`
	}
	membersAnswer struct {
		Count   int            `json:"count"`
		Members []memberAnswer `json:"members,omitempty"`
	}
	memberAnswer struct {
		ID   recado.MemberID `json:"id"`
		Name string          `json:"name"`
		User string          `json:"user,omitempty"`
	}
	messagesAnswer struct {
		Messages []json.RawMessage `json:"messages"`
		Position string            `json:"position"`
		More     bool              `json:"more"`
	}
	infoAnswer struct {
		Version string       `json:"version"`
		TLS     bool         `json:"tls"`
		Clients int          `json:"clients"`
		Rooms   int          `json:"rooms"`
		Open    bool         `json:"open"`
		LAN     []string     `json:"lan,omitempty"`
		Limits  limitsAnswer `json:"limits"`
	}
	limitsAnswer struct {
		MessageBytes      int     `json:"message_bytes"`
		MessagesPerSecond int     `json:"messages_per_second"`
		QueueBytes        int     `json:"queue_bytes"`
		Connections       int     `json:"connections"`
		Rooms             int     `json:"rooms"`
		MembersListed     int     `json:"members_listed"`
		HistoryMessages   int     `json:"history_messages"`
		HistorySeconds    float64 `json:"history_seconds"`
		HistoryBytes      int     `json:"history_bytes"`
	}
)

// info says what a client may want to know before it does anything.
func (s *Server) info(w http.ResponseWriter, _ *http.Request) error {
	l := s.limits.Load()
	off := func(n int) int { return max(n, 0) } // 0 is no limit, or no history
	everything, err := recado.Identify(s.config.Authenticator, "")
	return writeJSON(w, infoAnswer{
		Version: s.config.Version, TLS: s.config.TLS != nil, Clients: s.Clients(), Rooms: s.hub.Rooms(),
		Open: err == nil && everything == nil, LAN: s.LAN(), Limits: limitsAnswer{
			MessageBytes: l.MessageSize, MessagesPerSecond: off(l.MessageRate), QueueBytes: l.Queue,
			Connections: l.Connections, Rooms: off(l.Rooms), MembersListed: l.MembersListed,
			HistoryMessages: off(l.HistoryMessages), HistorySeconds: max(l.HistoryAge.Seconds(), 0), HistoryBytes: off(l.HistoryBytes),
		},
	})
}

// check says whether the room could be joined; if not, the refusal is that of the join.
func (s *Server) check(w http.ResponseWriter, r *http.Request) error {
	room, err := roomOf("/" + url.PathEscape(r.URL.Query().Get("room")))
	if err != nil {
		return err
	}
	access, err := s.identify(r)
	if err == nil {
		err = access.Check(room, recado.MaySubscribe)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, struct {
		Room string `json:"room"`
		OK   bool   `json:"ok"`
	}{room, true})
}

// rooms lists the rooms that somebody is in and the client may join, by name.
func (s *Server) rooms(w http.ResponseWriter, r *http.Request) error {
	access, err := s.identify(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	limit, err := limitOf(query)
	if err != nil {
		return err
	}
	list := s.visible(access, query.Get("after"), limit+1)
	answer := roomsAnswer{Rooms: make([]roomAnswer, 0, len(list)), More: len(list) > limit}
	for _, room := range list[:min(len(list), limit)] {
		answer.Rooms = append(answer.Rooms, roomAnswer{Name: room.Name, Members: room.Members})
	}
	return writeJSON(w, answer)
}

// visible are the rooms that the client may join, by name, from the one after that name, up to limit.
func (s *Server) visible(access *recado.Access, after string, limit int) []hub.RoomCount {
	if access == nil || access.Rooms == nil && !access.Anonymous {
		return s.hub.List(after, limit)
	}
	var found []hub.RoomCount
	for len(found) < limit {
		list := s.hub.List(after, maxListed)
		if len(list) == 0 {
			break
		}
		after = list[len(list)-1].Name
		list = slices.DeleteFunc(list, func(room hub.RoomCount) bool { return !access.Rights(room.Name).Has(recado.MaySubscribe) })
		found = append(found, list...)
	}
	return found[:min(len(found), limit)]
}

func (s *Server) roomInfo(w http.ResponseWriter, r *http.Request, room string) error {
	at, err := s.hub.Position(r.Context(), room)
	if err != nil {
		return fmt.Errorf("position of %q: %w", room, err)
	}
	return writeJSON(w, roomAnswer{Name: room, Members: s.hub.Roster(room).Count, Position: at.String()})
}

// members lists who is in the room; of a crowd, and to those who may not know, only how many.
func (s *Server) members(w http.ResponseWriter, r *http.Request, room string) error {
	access, err := s.identify(r)
	if err != nil {
		return err
	}
	roster := s.hub.Roster(room)
	answer := membersAnswer{Count: roster.Count}
	if !access.Rights(room).Has(recado.MaySeeMembers) {
		roster.Members = nil
	}
	for _, p := range roster.Members {
		answer.Members = append(answer.Members, memberAnswer(p))
	}
	return writeJSON(w, answer)
}

// messages answers with a page of the room's history: the newest, those before, or those after a position.
func (s *Server) messages(w http.ResponseWriter, r *http.Request, room string) error {
	query := r.URL.Query()
	limit, err := limitOf(query)
	if err != nil {
		return err
	}
	before, err := positionOf(query, "before")
	if err != nil {
		return err
	}
	after, err := positionOf(query, "after")
	if err != nil {
		return err
	}
	read, at := s.hub.ReadBefore, before
	if query.Has("after") {
		read, at = s.hub.ReadAfter, after
	}
	page, err := read(r.Context(), room, at, limit)
	if err != nil {
		return fmt.Errorf("history of %q: %w", room, err)
	}
	return writeJSON(w, pageAnswer(page))
}

func pageAnswer(page recado.Page) messagesAnswer {
	answer := messagesAnswer{
		Messages: make([]json.RawMessage, 0, len(page.Messages)), Position: page.From.String(), More: page.Left > 0,
	}
	format := ndjson.Format{Epoch: page.From.Epoch}
	for i := range page.Messages {
		answer.Messages = append(answer.Messages, format.Object(nil, &page.Messages[i]))
	}
	return answer
}

func limitOf(query url.Values) (int, error) {
	if !query.Has("limit") {
		return standardListed, nil
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 {
		return 0, badQuery(fmt.Sprintf("limit is %q, not a number from 1 up", query.Get("limit")))
	}
	return min(limit, maxListed), nil
}

func positionOf(query url.Values, name string) (recado.Position, error) {
	if query.Get(name) == "" {
		return recado.Position{}, nil
	}
	at, err := recado.ParsePosition(query.Get(name))
	if err != nil {
		return at, badQuery(fmt.Sprintf("%s: %v", name, err))
	}
	return at, nil
}
