package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"recado"
	"recado/client"
)

// Join a room, say something, and listen.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(listener)) // in its place: recado serve
	defer server.Close()
	ctx := context.Background()

	room, err := client.Dial(ctx, client.Config{URL: server.URL + "/ops", Name: "ana"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer room.Close()
	for event := range room.Events() {
		switch event := event.(type) {
		case client.State:
			fmt.Println(event.Phase)
			if event.Phase == client.Connected {
				room.Publish(ctx, client.Outgoing{Text: "oi"})
			}
		case client.Message:
			fmt.Printf("%s: %s\n", event.From.Name, event.Data)
			return
		case client.Gap:
			fmt.Println("messages are missing:", event.Reason)
		}
	}
	// Output:
	// connecting
	// connected
	// beto: ouvi: oi
}

// Publish, and know what became of it.
func ExampleClient_Publish() {
	server := httptest.NewServer(http.HandlerFunc(listener))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	room, err := client.Dial(ctx, client.Config{URL: server.URL + "/ops", NoEvents: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer room.Close()
	receipt, err := room.Publish(ctx, client.Outgoing{JSON: map[string]any{"deploy": "done"}, Event: "deploy"})
	switch {
	case err == nil:
		fmt.Println("in the room at", receipt.Position)
	case errors.Is(err, client.ErrUncertain):
		fmt.Println("perhaps in the room: look before you say it again")
	default:
		fmt.Println("not in the room:", err)
	}
	// Output:
	// in the room at k.11
}

// Many messages may be on their way at once. Finish tells whether all of them have arrived.
func ExampleClient_Send() {
	server := httptest.NewServer(http.HandlerFunc(listener))
	defer server.Close()
	ctx := context.Background()

	room, err := client.Open(ctx, client.Config{URL: server.URL + "/log", NoEvents: true, Outbox: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 3000 {
		if _, err := room.Send(ctx, client.Outgoing{Text: fmt.Sprint("line ", i)}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("lost:", room.Finish(ctx))
	// Output:
	// lost: <nil>
}

// A program that is stopped goes on where it was: it keeps the position of what it has dealt with.
func Example_resume() {
	var kept struct { // in a file, say
		position recado.Position
		session  string
	}
	run := func(ctx context.Context, deal func(client.Message)) error {
		room, err := client.Dial(ctx, client.Config{
			URL: "ws://localhost:8765/ops", Since: kept.position, Session: kept.session,
		})
		if err != nil {
			return err
		}
		defer room.Close()
		kept.session = room.Session()
		for event := range room.Events() {
			if message, is := event.(client.Message); is {
				deal(message)
				if !message.Ephemeral {
					kept.position = message.Position
				}
			}
		}
		return ctx.Err()
	}
	_ = run
}
