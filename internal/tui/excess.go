package tui

import (
	"time"

	"recado/client"
	"recado/internal/locale"
)

// An excess is sending faster than the server takes it, which the server says again and again for as long as it lasts.
type excess struct {
	until time.Time
}

// excessSlack is how late the server may say it again for it to be the same excess.
const excessSlack = time.Second

// faultText is what to tell about what the server says is wrong: of an excess only the beginning, else "".
func (x *excess) faultText(texts *locale.Texts, e *client.ServerError, now time.Time) string {
	if !isExcess(e) {
		return texts.Text("chat.fault", "Message", SafeLine(e.Message), "Code", SafeLine(e.Code))
	}
	told := now.Before(x.until)
	x.until = now.Add(e.RetryAfter + excessSlack)
	if told {
		return ""
	}
	return texts.Text("chat.limited")
}

func isExcess(e *client.ServerError) bool { return e.Code == "rate_limited" }
