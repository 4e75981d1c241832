package auth_test

import (
	"testing"
	"time"

	"recado"
	"recado/internal/auth"
)

// A rule gives everybody some rights, and takes that to publish from all but some.
func TestGuard(t *testing.T) {
	tokens, err := auth.NewTokens(auth.TokensConfig{Secret: secret, Password: "sesame"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tokens.Close)
	issue := func(sub string, rooms map[string][]string) string {
		token, bad := auth.Issue(secret, auth.Grant{Subject: sub, Rooms: rooms, Lasts: time.Hour})
		if bad != nil {
			t.Fatal(bad)
		}
		return token
	}
	ana, beto, nobody := issue("ana", nil), issue("beto", nil), issue("", nil)
	limited := issue("ana", map[string][]string{"n*": {"presence"}, "ops": {"publish"}})
	const all, publish = recado.AllRights, recado.MayPublish
	public := recado.MaySubscribe | recado.MayReadHistory
	rules := []recado.RoomRule{
		{Pattern: "news-1", Anonymous: recado.MaySubscribe},
		{Pattern: "news*", Anonymous: public, Publishers: []string{"ana"}},
		{Pattern: "old", Publishers: []string{}},
		{Pattern: "limits", Limits: recado.Limits{MessageSize: 1}},
	}
	guard := auth.NewGuard(tokens, rules)
	for _, tt := range []struct {
		token, room string
		want        recado.Rights
	}{
		{"", "news", public},
		{"", "news-1", recado.MaySubscribe},
		{"", "ops", 0},
		{"", "old", 0},
		{"", "limits", 0},
		{ana, "news", all},
		{ana, "ops", all},
		{ana, "old", all &^ publish},
		{ana, "limits", all},
		{beto, "news", all &^ publish},
		{beto, "news-1", all},
		{nobody, "news", all &^ publish},
		{"sesame", "news", all &^ publish},
		{"sesame", "ops", all},
		{limited, "news", public | recado.MaySeeMembers},
		{limited, "ops", publish},
		{limited, "lobby", 0},
	} {
		access, bad := guard.Authenticate(tt.token)
		if bad != nil {
			t.Fatalf("Authenticate(%q) = %v", tt.token, bad)
		}
		if got := access.Rights(tt.room); got != tt.want {
			t.Errorf("%q may %q in %s, want %q", tt.token, got, tt.room, tt.want)
		}
	}
	access, _ := guard.Authenticate("")
	wantRefusal(t, access.Check("ops", recado.MaySubscribe), recado.AuthRequired, 401)
	wantRefusal(t, access.Check("news", publish), recado.AuthRequired, 401)
	access, _ = guard.Authenticate(beto)
	wantRefusal(t, access.Check("news", publish), recado.RoomForbidden, 403)
	_, err = guard.Authenticate("wrong")
	wantRefusal(t, err, recado.AuthInvalid, 401)

	guard.Set(tokens, rules[2:])
	_, err = guard.Authenticate("")
	wantRefusal(t, err, recado.AuthRequired, 401)
	guard.Set(nil, nil)
	if access, err := guard.Authenticate("anything"); access != nil || err != nil {
		t.Errorf("an open server answers %v, %v", access, err)
	}
}
