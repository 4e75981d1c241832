package v1

import "recado"

// A Command is what a client sends: a [Hello], [Publish], [History], [Rename], [Auth] or [Ping].
type Command interface{ command() }

// A Hello is a client's first frame.
type Hello struct {
	Name    string          // as the client gave it; "" for none
	Token   string          // "" for none
	Session string          // the secret of a session that goes on; "" for a new one
	Since   recado.Position // resume behind it; zero: do not resume
	History int             // how many of the newest messages to send first; 0 for none
	Echo    bool            // send the client's own messages too
}

// A Publish is a message to the room.
type Publish struct {
	ID        string // "" for none
	Content   Content
	Event     string // "" for none
	Ephemeral bool
}

// A History asks for earlier messages.
type History struct {
	ID     string          // "" for none
	Before recado.Position // zero: the newest
	Limit  int             // 0: as many as the server gives
}

// A Rename changes the client's own name.
type Rename struct{ Name string }

// An Auth renews the client's token.
type Auth struct{ Token string }

// A Ping asks for a [Pong].
type Ping struct{}

func (Hello) command()   {}
func (Publish) command() {}
func (History) command() {}
func (Rename) command()  {}
func (Auth) command()    {}
func (Ping) command()    {}
