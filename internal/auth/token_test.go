package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recado"
	"recado/internal/auth"

	"github.com/golang-jwt/jwt/v5"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func newTokens(tb testing.TB, c auth.TokensConfig) *auth.Tokens {
	tb.Helper()
	tokens, err := auth.NewTokens(c)
	if err != nil {
		tb.Fatalf("NewTokens(%+v) = %v", c, err)
	}
	tb.Cleanup(tokens.Close)
	return tokens
}

// sign makes a token with these claims, which hold for an hour unless they say otherwise.
func sign(tb testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	tb.Helper()
	if _, said := claims["exp"]; !said {
		claims["exp"] = time.Now().Add(time.Hour).Unix()
	} else if claims["exp"] == nil {
		delete(claims, "exp")
	}
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		tb.Fatalf("sign: %v", err)
	}
	return token
}

func publicPEM(tb testing.TB, key any) []byte {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// keys are one pair of each kind.
type keys struct {
	ed25519 ed25519.PrivateKey
	ecdsa   *ecdsa.PrivateKey
	rsa     *rsa.PrivateKey
}

func newKeys(tb testing.TB) keys {
	tb.Helper()
	var k keys
	var errs [3]error
	_, k.ed25519, errs[0] = ed25519.GenerateKey(rand.Reader)
	k.ecdsa, errs[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.rsa, errs[2] = rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(errs[:]...); err != nil {
		tb.Fatal(err)
	}
	return k
}

func (k keys) pem(tb testing.TB) [][]byte {
	tb.Helper()
	return [][]byte{append(publicPEM(tb, k.ed25519.Public()), publicPEM(tb, k.ecdsa.Public())...), publicPEM(tb, k.rsa.Public())}
}

func TestPassword(t *testing.T) {
	tokens := newTokens(t, auth.TokensConfig{Password: "open sesame"})
	access, err := recado.Admit(tokens, "open sesame", "ops", recado.AllRights)
	if err != nil || access.Subject != "" || !access.Expires.IsZero() {
		t.Errorf("the password gives %+v, %v", access, err)
	}
	for _, wrong := range []string{"open sesam", "open sesame ", "Open sesame", "\x00"} {
		_, wrongErr := tokens.Authenticate(wrong)
		wantRefusal(t, wrongErr, recado.AuthInvalid, http.StatusUnauthorized)
	}
	_, err = recado.Identify(tokens, "")
	wantRefusal(t, err, recado.AuthRequired, http.StatusUnauthorized)
	only := newTokens(t, auth.TokensConfig{Secret: secret})
	_, err = only.Authenticate(strings.Repeat("\x00", 32))
	wantRefusal(t, err, recado.AuthInvalid, http.StatusUnauthorized)
}

func TestEachKind(t *testing.T) {
	k := newKeys(t)
	tokens := newTokens(t, auth.TokensConfig{Secret: secret, Keys: k.pem(t), Password: "password"})
	for name, token := range map[string]string{
		"HS256": sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"sub": "ana"}),
		"EdDSA": sign(t, jwt.SigningMethodEdDSA, k.ed25519, jwt.MapClaims{"sub": "ana"}),
		"ES256": sign(t, jwt.SigningMethodES256, k.ecdsa, jwt.MapClaims{"sub": "ana"}),
		"RS256": sign(t, jwt.SigningMethodRS256, k.rsa, jwt.MapClaims{"sub": "ana"}),
	} {
		if access, err := tokens.Authenticate(token); err != nil || access.Subject != "ana" {
			t.Errorf("%s: got %+v, %v", name, access, err)
		}
	}
}

func TestClaims(t *testing.T) {
	tokens := newTokens(t, auth.TokensConfig{Secret: secret})
	token := sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{
		"sub": "ana", "name": " Ana ", "rooms": map[string]any{
			"ops": []string{"subscribe", "publish"}, "o*": []string{"history"}, "none": []string{},
		},
	})
	access, err := tokens.Authenticate(token)
	if err != nil || access.Name != "Ana" {
		t.Fatalf("got %+v, %v", access, err)
	}
	for room, want := range map[string]recado.Rights{
		"ops": recado.MaySubscribe | recado.MayPublish | recado.MayReadHistory, "orders": recado.MayReadHistory, "none": 0, "lobby": 0,
	} {
		if got := access.Rights(room); got != want {
			t.Errorf("rights in %s are %v, want %v", room, got, want)
		}
	}
	wantRefusal(t, access.Check("orders", recado.MayReadHistory), "", 0)
	wantRefusal(t, access.Check("orders", recado.MayReadHistory|recado.MayPublish), recado.RoomForbidden, http.StatusForbidden)
	all, err := tokens.Authenticate(sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{}))
	if err != nil || all.Rights("lobby") != recado.AllRights {
		t.Errorf("without rooms: %+v, %v", all, err)
	}
	nothing, err := tokens.Authenticate(sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"rooms": map[string]any{}}))
	if err != nil || nothing.Rights("lobby") != 0 {
		t.Errorf("with no room: %+v, %v", nothing, err)
	}
}

// The threats against tokens, each with a server that would fall for it if it could.
func TestRefusedTokens(t *testing.T) {
	k := newKeys(t)
	files := k.pem(t)
	tokens := newTokens(t, auth.TokensConfig{Secret: secret, Keys: files, Audience: "chat"})
	public := newTokens(t, auth.TokensConfig{Keys: files})
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	claims := func(key string, value any) jwt.MapClaims { return jwt.MapClaims{"aud": "chat", key: value} }
	good := sign(t, jwt.SigningMethodHS256, secret, claims("sub", "ana"))
	if _, err := tokens.Authenticate(good); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"chat","sub":"root","exp":99999999999}`))
	for name, tt := range map[string]struct {
		tokens *auth.Tokens
		token  string
		code   string
	}{
		"no algorithm":             {tokens, sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims("sub", "ana")), recado.AuthInvalid},
		"no signature":             {tokens, parts[0] + "." + parts[1] + ".", recado.AuthInvalid},
		"claims of another":        {tokens, parts[0] + "." + payload + "." + parts[2], recado.AuthInvalid},
		"a public key as a secret": {public, sign(t, jwt.SigningMethodHS256, files[1], claims("sub", "ana")), recado.AuthInvalid},
		"the same beside a secret": {tokens, sign(t, jwt.SigningMethodHS256, files[1], claims("sub", "ana")), recado.AuthInvalid},
		"another hash":             {tokens, sign(t, jwt.SigningMethodHS512, secret, claims("sub", "ana")), recado.AuthInvalid},
		"RSA in another padding":   {tokens, sign(t, jwt.SigningMethodPS256, k.rsa, claims("sub", "ana")), recado.AuthInvalid},
		"another secret":           {tokens, sign(t, jwt.SigningMethodHS256, append([]byte("x"), secret...), claims("sub", "ana")), recado.AuthInvalid},
		"another key":              {tokens, sign(t, jwt.SigningMethodEdDSA, newKeys(t).ed25519, claims("sub", "ana")), recado.AuthInvalid},
		"expired":                  {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("exp", in(-31*time.Second))), recado.AuthExpired},
		"no end":                   {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("exp", nil)), recado.AuthInvalid},
		"not yet":                  {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("nbf", in(time.Minute))), recado.AuthInvalid},
		"another audience":         {tokens, sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"aud": "bank"}), recado.AuthInvalid},
		"no audience":              {tokens, sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{}), recado.AuthInvalid},
		"huge":                     {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("x", strings.Repeat("x", 8<<10))), recado.AuthInvalid},
		"unknown right":            {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("rooms", map[string]any{"*": []string{"admin"}})), recado.AuthInvalid},
		"malformed pattern":        {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("rooms", map[string]any{"[": []string{}})), recado.AuthInvalid},
		"a pattern of characters":  {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("rooms", map[string]any{"[a-z]*": []string{"publish"}})), recado.AuthInvalid},
		"a pattern with an escape": {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("rooms", map[string]any{`\ops`: []string{"publish"}})), recado.AuthInvalid},
		"rooms is null":            {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("rooms", nil)), recado.AuthInvalid},
		"rooms of another type":    {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("rooms", "all")), recado.AuthInvalid},
		"a name of nothing":        {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("name", "\u200b")), recado.AuthInvalid},
		"a long subject":           {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("sub", strings.Repeat("a", 257))), recado.AuthInvalid},
		"a subject to forge logs":  {tokens, sign(t, jwt.SigningMethodHS256, secret, claims("sub", "a\nlevel=INFO")), recado.AuthInvalid},
		"garbage":                  {tokens, "garbage", recado.AuthInvalid},
		"dots":                     {tokens, "..", recado.AuthInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			access, err := tt.tokens.Authenticate(tt.token)
			wantRefusal(t, err, tt.code, http.StatusUnauthorized)
			if access != nil {
				t.Errorf("refused, but with %+v", access)
			}
		})
	}
}

// What a header says besides must not change how the token is verified.
func TestCriticalHeader(t *testing.T) {
	tokens := newTokens(t, auth.TokensConfig{Secret: secret})
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"exp": time.Now().Add(time.Hour).Unix()})
	token.Header["crit"] = []string{"b64"}
	signed, err := token.SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tokens.Authenticate(signed)
	wantRefusal(t, err, recado.AuthInvalid, http.StatusUnauthorized)
}

func TestLeeway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, auth.TokensConfig{Secret: secret})
		end := time.Now().Add(time.Minute)
		token := sign(t, jwt.SigningMethodHS256, secret, jwt.MapClaims{"exp": end.Unix()})
		for _, step := range []struct {
			until time.Time
			want  time.Time // zero: refused
		}{{time.Now(), end}, {end.Add(20 * time.Second), end.Add(30 * time.Second)}, {end.Add(31 * time.Second), time.Time{}}} {
			time.Sleep(time.Until(step.until))
			access, err := tokens.Authenticate(token)
			if step.want.IsZero() {
				wantRefusal(t, err, recado.AuthExpired, http.StatusUnauthorized)
			} else if err != nil || !access.Expires.Equal(step.want) {
				t.Errorf("at %v: got %+v, %v, want until %v", step.until, access, err, step.want)
			}
		}
	})
}

func TestWrongKeys(t *testing.T) {
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(newKeys(t).ed25519)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]auth.TokensConfig{
		"short secret":    {Secret: secret[:31]},
		"empty secret":    {Secret: []byte{}},
		"secret is a key": {Secret: newKeys(t).pem(t)[1]},
		"another curve":   {Keys: [][]byte{publicPEM(t, weak.Public())}},
		"private key":     {Keys: [][]byte{pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}},
		"no key":          {Keys: [][]byte{[]byte("key")}},
		"key set by http": {KeySet: "http://id.example.com/jwks.json"},
		"key set nowhere": {KeySet: "http://127.0.0.1:1/jwks.json"},
	} {
		if _, err := auth.NewTokens(c); err == nil {
			t.Errorf("%s: NewTokens succeeded, want an error", name)
		}
	}
}

func TestKeySet(t *testing.T) {
	k := newKeys(t)
	encode := base64.RawURLEncoding.EncodeToString
	fetched := 0
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched++
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{
			{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "ed", "x": encode(k.ed25519.Public().(ed25519.PublicKey))},
			{"kty": "RSA", "kid": "rsa", "n": encode(k.rsa.N.Bytes()), "e": "AQAB"},
			{"kty": "oct", "alg": "HS256", "kid": "oct", "k": encode(secret)},
		}})
	}))
	defer site.Close()
	tokens := newTokens(t, auth.TokensConfig{KeySet: site.URL})
	signed := func(method jwt.SigningMethod, key any, kid string) string {
		token := jwt.NewWithClaims(method, jwt.MapClaims{"sub": "ana", "exp": time.Now().Add(time.Hour).Unix()})
		token.Header["kid"] = kid
		token.Header["jku"] = "http://evil.example/jwks.json"
		s, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, tt := range map[string]struct{ token, code string }{
		"EdDSA":               {signed(jwt.SigningMethodEdDSA, k.ed25519, "ed"), ""},
		"RS256":               {signed(jwt.SigningMethodRS256, k.rsa, "rsa"), ""},
		"a secret of the set": {signed(jwt.SigningMethodHS256, secret, "oct"), recado.AuthInvalid},
		"another kind":        {signed(jwt.SigningMethodRS256, k.rsa, "ed"), recado.AuthInvalid},
	} {
		_, err := tokens.Authenticate(tt.token)
		t.Log(name)
		wantRefusal(t, err, tt.code, http.StatusUnauthorized)
	}
	for range 20 { // unknown keys fetch it once more, and then not at all
		_, err := tokens.Authenticate(signed(jwt.SigningMethodEdDSA, k.ed25519, "unknown"))
		wantRefusal(t, err, recado.AuthInvalid, http.StatusUnauthorized)
	}
	if fetched > 2 {
		t.Errorf("the key set was fetched %d times", fetched)
	}
}

// Whoever can change a key set makes tokens: it must not come from where it could not have been configured.
func TestKeySetIsNotLedAway(t *testing.T) {
	site := httptest.NewServer(http.RedirectHandler("http://id.example.com/jwks.json", http.StatusFound))
	defer site.Close()
	if _, err := auth.NewTokens(auth.TokensConfig{KeySet: site.URL}); err == nil || !strings.Contains(err.Error(), "is not an address like") {
		t.Errorf("NewTokens with a key set that leads elsewhere = %v", err)
	}
}

func TestIssue(t *testing.T) {
	tokens := newTokens(t, auth.TokensConfig{Secret: secret, Audience: "chat"})
	token, err := auth.Issue(secret, auth.Grant{
		Subject: "ana", Name: "Ana", Audience: "chat", Lasts: time.Hour, Rooms: map[string][]string{"ops": {"subscribe"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	access, err := tokens.Authenticate(token)
	if err != nil || access.Subject != "ana" || access.Name != "Ana" ||
		!reflect.DeepEqual(access.Rooms, map[string]recado.Rights{"ops": recado.MaySubscribe}) {
		t.Errorf("got %+v, %v", access, err)
	}
	token, err = auth.Issue(secret, auth.Grant{Audience: "chat", Lasts: time.Hour, Rooms: map[string][]string{}})
	if err != nil {
		t.Fatal(err)
	}
	if access, err := tokens.Authenticate(token); err != nil || access.Rights("ops") != 0 {
		t.Errorf("a token for no room gives %+v, %v", access, err)
	}
	for name, g := range map[string]auth.Grant{
		"a right of no kind": {Lasts: time.Hour, Rooms: map[string][]string{"ops": {"all"}}},
		"too long":           {Lasts: time.Hour, Audience: strings.Repeat("x", 8<<10)},
	} {
		if _, err := auth.Issue(secret, g); err == nil {
			t.Errorf("%s: Issue succeeded, want an error", name)
		}
	}
	if _, err := auth.Issue(bytes.Repeat([]byte("x"), 31), auth.Grant{Lasts: time.Hour}); err == nil {
		t.Error("Issue with a short secret succeeded, want an error")
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	k := newKeys(b)
	tokens := newTokens(b, auth.TokensConfig{Secret: secret, Keys: k.pem(b), Password: "password"})
	claims := jwt.MapClaims{"sub": "ana", "name": "Ana", "rooms": map[string]any{"ops-*": []string{"subscribe", "publish"}}}
	for name, token := range map[string]string{
		"password": "password",
		"HS256":    sign(b, jwt.SigningMethodHS256, secret, claims),
		"EdDSA":    sign(b, jwt.SigningMethodEdDSA, k.ed25519, claims),
		"ES256":    sign(b, jwt.SigningMethodES256, k.ecdsa, claims),
		"RS256":    sign(b, jwt.SigningMethodRS256, k.rsa, claims),
		"refused":  sign(b, jwt.SigningMethodHS256, append([]byte("x"), secret...), claims),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = recado.Admit(tokens, token, "ops-1", recado.MaySubscribe)
			}
		})
	}
}
