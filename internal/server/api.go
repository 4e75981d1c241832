package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"recado"
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
)

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
	list := s.hub.List(query.Get("after"), limit+1, func(room string) bool { return access.Rights(room).Has(recado.MaySubscribe) })
	answer := roomsAnswer{Rooms: make([]roomAnswer, 0, len(list)), More: len(list) > limit}
	for _, room := range list[:min(len(list), limit)] {
		answer.Rooms = append(answer.Rooms, roomAnswer{Name: room.Name, Members: room.Members})
	}
	return writeJSON(w, answer)
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
		return 0, badQuery("limit", fmt.Sprintf("%q is not a number from 1 up", query.Get("limit")))
	}
	return min(limit, maxListed), nil
}

func positionOf(query url.Values, name string) (recado.Position, error) {
	if query.Get(name) == "" {
		return recado.Position{}, nil
	}
	at, err := recado.ParsePosition(query.Get(name))
	if err != nil {
		return at, badQuery(name, err.Error())
	}
	return at, nil
}
