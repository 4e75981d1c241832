package client_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/client"
	v1 "recado/internal/protocol/v1"
)

func member(name string) client.Member {
	return client.Member{ID: recado.NewMemberID([]byte(name)), Name: name}
}

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{})
		wantMembers := func(want ...client.Member) {
			t.Helper()
			if got := c.Members(); !slices.Equal(got, want) || c.Count() != len(want) {
				t.Errorf("Members() = %v, Count() = %d; want %v", got, c.Count(), want)
			}
		}
		wantMembers(ana, beto)
		carla := member("carla")
		renamed := client.Member{ID: beto.ID, Name: "Beto"}
		for _, tt := range []struct {
			frame v1.Presence
			event client.Change // 0: none, the server may say things twice
			was   string
		}{
			{v1.Presence{Change: v1.Joined, Member: v1.Member(carla)}, client.Joined, ""},
			{v1.Presence{Change: v1.Joined, Member: v1.Member(carla)}, 0, ""},
			{v1.Presence{Change: v1.Renamed, Member: v1.Member(renamed)}, client.Renamed, "beto"},
			{v1.Presence{Change: v1.Renamed, Member: v1.Member(renamed)}, 0, ""},
			{v1.Presence{Change: v1.Joined, Member: v1.Member(beto)}, client.Renamed, "Beto"},
			{v1.Presence{Change: v1.Left, Member: v1.Member(carla)}, client.Left, ""},
			{v1.Presence{Change: v1.Left, Member: v1.Member(carla)}, 0, ""},
		} {
			p.tell(tt.frame)
			if tt.event != 0 {
				want(t, c, client.Presence{Change: tt.event, Member: client.Member(tt.frame.Member), Was: tt.was})
			}
		}
		wantMembers(ana, beto)

		p.tell(v1.Count{MemberCount: 1001})
		want(t, c, client.Count{Members: 1001})
		if c.Members() != nil || c.Count() != 1001 {
			t.Errorf("Members() = %v, Count() = %d; want none, and 1001", c.Members(), c.Count())
		}
		p.tell(v1.Count{MemberCount: 2, Members: []v1.Member{v1.Member(carla), v1.Member(ana)}})
		want(t, c, client.Count{Members: 2})
		wantMembers(ana, carla)
		wantQuiet(t, c)
	})
}

// A rename is done when the server has seen it, whatever others hear of it; the next connection begins with it.
func TestRename(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{Name: "ana"})
		done := make(chan error, 1)
		go func() { done <- c.Rename(t.Context(), " Ana  Maria ") }()
		if got, want := p.command(), (v1.Rename{Name: "Ana Maria"}); got != want {
			t.Errorf("the client wrote %+v, want %+v", got, want)
		}
		synctest.Wait()
		if len(done) > 0 || c.You() != ana {
			t.Error("Rename() returned before the server answered")
		}
		p.command() // the ping
		p.tell(v1.Pong{})
		if err := <-done; err != nil || c.You().Name != "Ana Maria" {
			t.Errorf("Rename() = %v, You() = %v", err, c.You())
		}
		p.conn.Close()
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		if _, h := s.accept(); h.Name != "Ana Maria" {
			t.Errorf("the next hello has the name %q", h.Name)
		}
	})
}

func TestRenameRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{Name: "ana"})
		if err := c.Rename(t.Context(), "\u200b"); !errors.Is(err, recado.ErrName) {
			t.Errorf("Rename() = %v, want ErrName", err)
		}
		done := make(chan error, 2)
		for _, name := range []string{"admin", "ana2"} {
			go func() { done <- c.Rename(t.Context(), name) }()
			synctest.Wait()
		}
		p.tell(&v1.Error{Code: "name_invalid", Message: "taken"}, v1.Pong{})
		var refused *client.ServerError
		if err := <-done; !errors.As(err, &refused) || refused.Code != "name_invalid" {
			t.Errorf("Rename() = %v, want the server's error", err)
		}
		synctest.Wait()
		if len(done) > 0 {
			t.Error("the second Rename() returned with the answer to the first")
		}
		p.conn.Close() // it is asked for again
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		p = s.back(t, c)
		if got, want := p.command(), (v1.Rename{Name: "ana2"}); got != want {
			t.Errorf("the client wrote %+v, want %+v", got, want)
		}
		p.command()
		p.tell(v1.Pong{})
		if err := <-done; err != nil {
			t.Errorf("Rename() = %v", err)
		}
	})
}

// The answer to a rename that nobody waits for any more is not that to the next one.
func TestRenameGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, c := connected(t, client.Config{Name: "ana"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Rename(ctx, "ana2"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Rename() = %v, want the context's error", err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Rename(t.Context(), "ana3") }()
		synctest.Wait()
		p.tell(v1.Pong{})
		synctest.Wait()
		if len(done) > 0 {
			t.Error("the second Rename() returned with the answer to the first")
		}
		p.tell(v1.Pong{})
		if err := <-done; err != nil || c.You().Name != "ana3" {
			t.Errorf("Rename() = %v, You() = %v", err, c.You())
		}
	})
}

func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, c := connected(t, client.Config{})
		type answered struct {
			page client.Page
			err  error
		}
		done := make(chan answered, 1)
		ask := func(before recado.Position) {
			go func() {
				page, err := c.History(t.Context(), before, 3)
				done <- answered{page, err}
			}()
		}
		ask(at(5))
		got, _ := p.command().(v1.History)
		if got.ID == "" || got.Before != at(5) || got.Limit != 3 {
			t.Errorf("the client asked %+v, want 3 before 5", got)
		}
		p.conn.Close() // it is asked again
		wantReconnecting(t, c, 250*time.Millisecond, 1)
		p = s.back(t, c)
		got, _ = p.command().(v1.History)
		frame, event := said(4, "before")
		p.tell(v1.Page{ID: "other"}, v1.Page{ID: got.ID, Messages: []v1.Message{frame}, More: true})
		if a := <-done; a.err != nil || !a.page.More || len(a.page.Messages) != 1 || a.page.Messages[0].Position != event.Position {
			t.Errorf("History() = %+v, %v", a.page, a.err)
		}

		ask(recado.Position{Epoch: "old", Seq: 1})
		got, _ = p.command().(v1.History)
		p.tell(&v1.Error{ID: got.ID, Code: "position_invalid", Message: "another epoch"})
		var fault *client.ServerError
		if a := <-done; !errors.As(a.err, &fault) || fault.Code != "position_invalid" {
			t.Errorf("History() = %v, want the server's error", a.err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.History(ctx, recado.Position{}, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("History() = %v, want the context's error", err)
		}
		ask(recado.Position{})
		synctest.Wait()
		c.Close()
		if a := <-done; !errors.Is(a.err, client.ErrClosed) {
			t.Errorf("History() = %v, want ErrClosed", a.err)
		}
	})
}
