package auth

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A Grant is what a new token is to say.
type Grant struct {
	Subject  string
	Name     string              // "" for the client's own
	Audience string              // "" for none
	Rooms    map[string][]string // rights by pattern; nil: everything
	Lasts    time.Duration
}

// Issue makes a token, signed with a secret, that Authenticate takes.
func Issue(secret []byte, g Grant) (string, error) {
	if err := CheckSecret(secret); err != nil {
		return "", err
	}
	now := time.Now()
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: g.Subject, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(g.Lasts)),
		},
		Name: g.Name, Rooms: g.Rooms,
	}
	if g.Audience != "" {
		c.Audience = jwt.ClaimStrings{g.Audience}
	}
	if _, err := c.access(); err != nil {
		return "", err
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(secret)
	if err == nil && len(token) > MaxToken {
		err = fmt.Errorf("the token would have %d bytes, the limit is %d", len(token), MaxToken)
	}
	return token, err
}
