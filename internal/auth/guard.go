package auth

import (
	"slices"
	"sync/atomic"

	"recado"
)

// A Guard lets in those whose tokens are taken, and others as far as the rules of rooms allow. What it goes by can be
// exchanged while it is in use; who is in already stays. Its methods may be called concurrently.
type Guard struct{ now atomic.Pointer[orders] }

// orders are what a guard goes by.
type orders struct {
	tokens recado.Authenticator // nil: everybody may do everything
	rules  []recado.RoomRule
	public bool // some room is open to everybody
}

var _ recado.Authenticator = (*Guard)(nil)

// NewGuard makes a guard; see Set.
func NewGuard(tokens recado.Authenticator, rules []recado.RoomRule) *Guard {
	g := new(Guard)
	g.Set(tokens, rules)
	return g
}

// Set exchanges what the guard goes by. Without tokens, everybody may do everything and the rules say nothing of it.
func (g *Guard) Set(tokens recado.Authenticator, rules []recado.RoomRule) {
	public := slices.ContainsFunc(rules, func(r recado.RoomRule) bool { return r.Anonymous != 0 })
	g.now.Store(&orders{tokens: tokens, rules: rules, public: public})
}

// Authenticate returns what the token allows, or what the rules allow those who have none.
func (g *Guard) Authenticate(token string) (*recado.Access, error) {
	now := g.now.Load()
	switch {
	case now.tokens == nil:
		return nil, nil //nolint:nilnil // the nil Access allows everything
	case token == "" && now.public:
		return &recado.Access{Anonymous: true, Rules: now.rules}, nil
	}
	access, err := now.tokens.Authenticate(token)
	if err != nil {
		return nil, err
	}
	ruled := *access
	ruled.Rules = now.rules
	return &ruled, nil
}
