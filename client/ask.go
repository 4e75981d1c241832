package client

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"recado"
	v1 "recado/internal/protocol/v1"
)

// A question is what the server has to answer. It is asked again over the next connection when one ends.
type question struct {
	id       string // "" for a rename
	commands []v1.Command
	written  bool        // to the connection that there is
	err      error       // what is wrong with a rename, whose end is the pong
	answer   chan answer // of capacity 1
}

type answer struct {
	page Page
	err  error
}

// History returns up to limit messages of before that position, the newest ones that there are. The zero position
// is after all of them, and a limit of 0 as many as the server gives at once. It waits for a connection if there
// is none. A *ServerError says what is wrong with the question.
func (c *Client) History(ctx context.Context, before recado.Position, limit int) (Page, error) {
	page, err := c.ask(ctx, func(id string) *question {
		return &question{id: id, commands: []v1.Command{v1.History{ID: id, Before: before, Limit: limit}}}
	})
	if err != nil {
		return Page{}, fmt.Errorf("history of the room: %w", err)
	}
	return page, nil
}

// Rename changes the client's name in the room, now and for connections to come. It waits until the server knows,
// and for a connection if there is none. Its error wraps recado.ErrName if no member can have this name.
func (c *Client) Rename(ctx context.Context, name string) error {
	name, err := recado.CleanName(name)
	if err == nil {
		_, err = c.ask(ctx, func(string) *question {
			// The answer to a rename reaches everyone, and may be merged with others'; that to the ping is ours.
			return &question{commands: []v1.Command{v1.Rename{Name: name}, v1.Ping{}}}
		})
	}
	if err != nil {
		return fmt.Errorf("rename to %q: %w", name, err)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, what func(id string) *question) (Page, error) {
	defer c.feed.call()()
	q, err := c.room.ask(what)
	if err != nil {
		return Page{}, err
	}
	select {
	case a := <-q.answer:
		return a.page, a.err
	case <-ctx.Done():
		c.room.forget(q)
		return Page{}, ctx.Err()
	}
}

func (r *room) ask(what func(id string) *question) (*question, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outbox.closed != nil {
		return nil, r.outbox.closed
	}
	r.questions++
	q := what("q" + strconv.Itoa(r.questions))
	q.answer = make(chan answer, 1)
	r.asked = append(r.asked, q)
	r.rouse()
	return q, nil
}

// question is the one with that id; nil if there is none.
func (r *room) question(id string) *question {
	return r.first(func(q *question) bool { return id != "" && q.id == id })
}

// renaming is the rename whose turn it is to be answered: the server takes them one after the other.
func (r *room) renaming() *question {
	return r.first(func(q *question) bool { return q.id == "" && q.written })
}

func (r *room) first(is func(*question) bool) *question {
	if i := slices.IndexFunc(r.asked, is); i >= 0 {
		return r.asked[i]
	}
	return nil
}

// pong ends the rename that was sent right before the ping.
func (r *room) pong() {
	q := r.renaming()
	if q == nil {
		return
	}
	if rename, is := q.commands[0].(v1.Rename); is && q.err == nil {
		r.hello.Name, r.you.Name = rename.Name, rename.Name
	}
	r.answer(q, Page{}, q.err)
}

func (r *room) answer(q *question, page Page, err error) {
	q.answer <- answer{page, err}
	r.asked = slices.DeleteFunc(r.asked, func(other *question) bool { return other == q })
}

// forget is for a question that nobody waits for any more.
func (r *room) forget(q *question) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.id == "" && q.written {
		return // its pong must not be taken for that of the next rename
	}
	r.asked = slices.DeleteFunc(r.asked, func(other *question) bool { return other == q })
}
