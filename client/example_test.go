package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"recado"
	"recado/client"
)

// Listen to a room until the server refuses the client or the context ends.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(echo)) // in its place: recado serve
	defer server.Close()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	room, err := client.Open(ctx, client.Config{URL: server.URL + "/ops"})
	if err != nil {
		fmt.Println(err) // not an address
		return
	}
	defer room.Close()
	for event := range room.Events() {
		switch event := event.(type) {
		case client.State:
			fmt.Println(event.Phase)
			if event.Phase == client.Connected {
				room.Send(ctx, recado.Text, []byte("deploy done"))
			}
		case client.Message:
			fmt.Printf("%s: %s\n", event.Kind, event.Data)
			return
		case client.Lost:
			fmt.Println("the connection broke; perhaps not arrived:", event.Uncertain)
		}
	}
	// Output:
	// connecting
	// connected
	// text: deploy done
}

// Send something and be sure that the server has read it.
func ExampleClient_Finish() {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()

	ctx := context.Background()
	room, err := client.Open(ctx, client.Config{URL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		for range room.Events() { // somebody must take them, even who only sends
		}
	}()
	for i := range 3 {
		if err := room.Send(ctx, recado.Text, fmt.Appendf(nil, "line %d", i)); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("lost:", room.Finish(ctx))
	// Output:
	// lost: <nil>
}
