package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"recado"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MaxToken is how long a token can be, in bytes: longer ones are not even looked at.
	MaxToken = 8 << 10
	// maxSubject is in bytes.
	maxSubject = 256
	// leeway is how far the clocks of who makes tokens and who reads them may be apart.
	leeway = 30 * time.Second
)

// TokensConfig says which tokens are taken. At least one of Password, Secret, Keys and KeySet is needed.
type TokensConfig struct {
	Password string   // a token that allows everything
	Secret   []byte   // of HS256; at least MinSecret bytes
	Keys     [][]byte // PEM files with public keys: Ed25519, P-256 or RSA
	KeySet   string   // address of a JSON Web Key Set with such keys
	Audience string   // that a token must be for; "" for any
	Log      *slog.Logger
}

// Tokens knows what tokens allow.
type Tokens struct {
	password [sha256.Size]byte
	keys     keyring
	parser   *jwt.Parser
	stop     context.CancelFunc
}

var _ recado.Authenticator = (*Tokens)(nil)

// NewTokens checks the configuration and fetches the key set, which it goes on doing until Close. The error says
// what is wrong with a key.
func NewTokens(c TokensConfig) (*Tokens, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &Tokens{stop: stop}
	if c.Password != "" {
		t.password = sha256.Sum256([]byte(c.Password))
	}
	var err error
	if t.keys, err = newKeyring(ctx, c); err != nil {
		stop()
		return nil, err
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(t.keys.algorithms()), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
	}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	t.parser = jwt.NewParser(options...)
	return t, nil
}

// Close ends what watches the key set. There may be no t.
func (t *Tokens) Close() {
	if t != nil {
		t.stop()
	}
}

// claims are what a token says.
type claims struct {
	jwt.RegisteredClaims

	Name  string `json:"name,omitempty"`
	Rooms rooms  `json:"rooms,omitzero"`
}

// rooms are the rights by pattern; nil: everything.
type rooms map[string][]string

// UnmarshalJSON refuses null, with which some programs write that nothing is allowed: it is not the same as absent.
func (r *rooms) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return errors.New("rooms is null")
	}
	return json.Unmarshal(b, (*map[string][]string)(r))
}

// Authenticate returns what the token allows. Nothing of a token is used before its signature has been checked.
func (t *Tokens) Authenticate(token string) (*recado.Access, error) {
	if token == "" {
		return nil, recado.RequireToken()
	}
	if len(token) > MaxToken {
		return nil, recado.RefuseToken(recado.AuthInvalid, fmt.Sprintf("it has more than %d bytes", MaxToken))
	}
	if t.isPassword(token) {
		return &recado.Access{}, nil
	}
	if t.keys.empty() {
		return nil, recado.RefuseToken(recado.AuthInvalid, "it is not the password")
	}
	var said claims
	if _, err := t.parser.ParseWithClaims(token, &said, t.keys.find); err != nil {
		return nil, refusalOf(err)
	}
	access, err := said.access()
	if err != nil {
		return nil, recado.RefuseToken(recado.AuthInvalid, err.Error())
	}
	return access, nil
}

// isPassword takes the same time for every token of the same length.
func (t *Tokens) isPassword(token string) bool {
	sum := sha256.Sum256([]byte(token))
	configured := t.password != [sha256.Size]byte{}
	return subtle.ConstantTimeCompare(sum[:], t.password[:]) == 1 && configured
}

// refusalOf says in our own words what is wrong: those of the parser may quote the token.
func refusalOf(err error) *recado.Refusal {
	for _, known := range []struct {
		err       error
		code, why string
	}{
		{jwt.ErrTokenMalformed, recado.AuthInvalid, "it is no JSON Web Token"},
		{jwt.ErrTokenUnverifiable, recado.AuthInvalid, "no key of this server is for it"},
		{jwt.ErrTokenSignatureInvalid, recado.AuthInvalid, "its algorithm or signature is not right"},
		{jwt.ErrTokenExpired, recado.AuthExpired, "it has expired"},
		{jwt.ErrTokenNotValidYet, recado.AuthInvalid, "it is not valid yet"},
		{jwt.ErrTokenRequiredClaimMissing, recado.AuthInvalid, "a claim is missing: exp, or aud"},
		{jwt.ErrTokenInvalidAudience, recado.AuthInvalid, "it is for another audience"},
	} {
		if errors.Is(err, known.err) {
			return recado.RefuseToken(known.code, known.why)
		}
	}
	return recado.RefuseToken(recado.AuthInvalid, "its claims are not right")
}

// access is what the claims allow. A right or a pattern that nobody knows is an error: a misspelt one would
// otherwise silently be another.
func (c *claims) access() (*recado.Access, error) {
	a := &recado.Access{Subject: c.Subject, Expires: c.ExpiresAt.Time}
	if now := time.Now(); a.Expires.Before(now) {
		a.Expires = a.Expires.Add(leeway) // it was taken for the clocks' sake
	}
	if len(c.Subject) > maxSubject || strings.ContainsFunc(c.Subject, unicode.IsControl) {
		return nil, fmt.Errorf("sub has more than %d bytes, or control characters", maxSubject)
	}
	if c.Name != "" {
		name, err := recado.CleanName(c.Name)
		if err != nil {
			return nil, errors.New("name cannot be a member's name")
		}
		a.Name = name
	}
	if c.Rooms == nil {
		return a, nil
	}
	a.Rooms = make(map[string]recado.Rights, len(c.Rooms))
	for pattern, names := range c.Rooms {
		if err := recado.CheckPattern(pattern); err != nil {
			return nil, fmt.Errorf("rooms: %w", err)
		}
		for _, name := range names {
			right, ok := recado.ParseRight(name)
			if !ok {
				return nil, errors.New("rooms has a right that is none of subscribe, publish, presence and history")
			}
			a.Rooms[pattern] |= right
		}
	}
	return a, nil
}
