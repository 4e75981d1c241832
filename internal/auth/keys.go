package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// MinSecret is how many bytes a secret of HS256 has at least (RFC 7518, section 3.2).
const MinSecret = 32

// minRSA is in bits.
const minRSA = 2048

// The algorithms. Each key is for one of them only, whatever a token says: otherwise a public key could be
// taken for a secret.
const (
	hs256 = "HS256"
	eddsa = "EdDSA"
	es256 = "ES256"
	rs256 = "RS256"
)

const (
	fetchTimeout = 10 * time.Second
	// fetchWait is how long a token with an unknown key waits for its turn to fetch the set anew, which there is
	// once in five minutes: practically not at all, so that nobody can make others wait.
	fetchWait = time.Millisecond
)

// A keyring has the keys by their algorithms.
type keyring struct {
	own map[string][]jwt.VerificationKey
	set keyfunc.Keyfunc // nil: none
}

func newKeyring(ctx context.Context, c TokensConfig) (keyring, error) {
	k := keyring{own: map[string][]jwt.VerificationKey{}}
	if c.Secret != nil {
		if err := CheckSecret(c.Secret); err != nil {
			return k, err
		}
		k.own[hs256] = []jwt.VerificationKey{c.Secret}
	}
	for _, file := range c.Keys {
		if err := k.addPEM(file); err != nil {
			return k, err
		}
	}
	if c.KeySet == "" {
		return k, nil
	}
	var err error
	if k.set, err = fetchKeySet(ctx, c.KeySet, c.Log); err == nil && c.Audience == "" {
		c.Log.Warn("tokens for other services of who issues them are taken too: set --token-audience", "key_set", c.KeySet)
	}
	return k, err
}

// CheckKeys reports why a file has no public keys that are taken.
func CheckKeys(file []byte) error {
	return keyring{own: map[string][]jwt.VerificationKey{}}.addPEM(file)
}

// CheckSecret reports why this is no secret.
func CheckSecret(secret []byte) error {
	if block, _ := pem.Decode(secret); block != nil {
		return errors.New("this is a key in a PEM file, no secret; a public key is known to everybody")
	}
	if len(secret) < MinSecret {
		return fmt.Errorf("the secret has %d bytes, it needs %d", len(secret), MinSecret)
	}
	return nil
}

// addPEM adds the public keys of a file.
func (k keyring) addPEM(file []byte) error {
	found := false
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return fmt.Errorf("no public key (PKIX): a PEM block %q", block.Type)
		}
		algorithm := algorithmOf(key)
		if algorithm == "" {
			return fmt.Errorf("a key of another kind than Ed25519, P-256 and RSA with at least %d bits", minRSA)
		}
		k.own[algorithm] = append(k.own[algorithm], key)
		found = true
	}
	if !found {
		return errors.New("no key in PEM form")
	}
	return nil
}

// algorithmOf is the one that the key is for; "" if it is not taken. A secret is none of them: it has a setting of
// its own, and comes from no address.
func algorithmOf(key any) string {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return eddsa
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return es256
		}
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSA {
			return rs256
		}
	}
	return ""
}

// algorithms are those that a token may name.
func (k keyring) algorithms() []string {
	all := []string{hs256, eddsa, es256, rs256}
	return slices.DeleteFunc(all, func(algorithm string) bool {
		return len(k.own[algorithm]) == 0 && (k.set == nil || algorithm == hs256)
	})
}

func (k keyring) empty() bool { return len(k.own) == 0 && k.set == nil }

// find returns the keys that may have signed the token: those of its algorithm. The token has not been verified yet.
func (k keyring) find(token *jwt.Token) (any, error) {
	algorithm := token.Method.Alg()
	if _, critical := token.Header["crit"]; critical {
		return nil, errors.New("crit is not understood") // RFC 7515, section 4.1.11
	}
	keys := slices.Clone(k.own[algorithm])
	if k.set != nil && algorithm != hs256 {
		if key, err := k.set.Keyfunc(token); err == nil && algorithmOf(key) == algorithm {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no key for this algorithm")
	}
	return jwt.VerificationKeySet{Keys: keys}, nil
}

// fetchKeySet begins to watch a key set. One that cannot be fetched now is an error; later failures are logged, and
// the keys of before go on to hold.
func fetchKeySet(ctx context.Context, address string, log *slog.Logger) (keyfunc.Keyfunc, error) {
	if err := CheckKeySet(address); err != nil {
		return nil, err
	}
	lenient := false
	set, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{address}, keyfunc.Override{
		Client: &http.Client{
			Timeout:       fetchTimeout,
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
			CheckRedirect: func(r *http.Request, _ []*http.Request) error { return CheckKeySet(r.URL.String()) },
		},
		HTTPTimeout:               fetchTimeout,
		NoErrorReturnFirstHTTPReq: &lenient,
		RateLimitWaitMax:          fetchWait,
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) {
			return func(_ context.Context, err error) { log.Warn("key set not fetched", "address", address, "error", err) }
		},
	})
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", innermost(err))
	}
	return set, nil
}

// innermost is what was wrong in the first place: keyfunc says four times that it was wrong.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if several, is := err.(interface{ Unwrap() []error }); is {
			inner = several.Unwrap()[0]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}

// CheckKeySet reports why the address cannot be that of a key set: whoever can change what comes from there can make
// tokens, so it is https, or on this machine.
func CheckKeySet(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopbackName(hostname(u.Host))) {
		return fmt.Errorf("%q is not an address like https://id.example.com/jwks.json", address)
	}
	return nil
}
