package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"recado/client"
	"recado/internal/locale"
	"recado/internal/tui"

	"github.com/spf13/cobra"
)

const (
	// maxPage is how many entries a server lists in one answer.
	maxPage = 1000
	// standardHistory is how many messages recado history shows.
	standardHistory = 100
)

// A retrospect is what the command line of recado history asks for.
type retrospect struct {
	format, since string
	limit         int
}

func newHistoryCommand(p *program, texts *locale.Texts) *cobra.Command {
	var how retrospect
	cmd := newLookCommand(p, texts, "history", func(ctx context.Context, l *lookup) error {
		if err := how.check(); err != nil {
			return err
		}
		return p.history(ctx, texts, l, &how)
	})
	cmd.Example = "  recado history ops\n  recado history ops --since 1h --format md > ops.md\n  recado history ops --since all --format json"
	f := cmd.Flags()
	f.StringVar(&how.format, "format", "txt", texts.Text("commands.history.flag.format"))
	completeFlag(cmd, "format", "txt", "json", "md")
	f.StringVar(&how.since, "since", "", texts.Text("commands.history.flag.since"))
	f.IntVar(&how.limit, "limit", 0, texts.Text("commands.history.flag.limit", "Standard", standardHistory))
	return cmd
}

func (how *retrospect) check() error {
	switch {
	case how.format != "txt" && how.format != "json" && how.format != "md":
		return &exitError{code: exitUsage, err: &problem{
			id: "value_invalid", variant: "choice",
			facts: []any{"Source", "--format", "Value", how.format, "Choices", "txt, json, md"},
		}}
	case how.limit < 0:
		return usageProblem("value_invalid", "Source", "--limit", "Value", how.limit)
	case how.limit == 0 && how.since == "":
		how.limit = standardHistory
	}
	return checkSince(how.since)
}

// history writes the messages, oldest first.
func (p *program) history(ctx context.Context, texts *locale.Texts, l *lookup, how *retrospect) error {
	out := bufio.NewWriterSize(p.stdout, 32<<10)
	write := newHistoryFormat(out, texts, l.room, how.format, isTerminal(p.stdout))
	for line, err := range how.read(ctx, l) {
		if err != nil {
			return err
		}
		if err = write(line); err != nil {
			return writeProblem(err)
		}
	}
	return writeProblem(out.Flush())
}

// read yields the objects of the messages: of those that are asked for, the newest ones.
func (how *retrospect) read(ctx context.Context, l *lookup) iter.Seq2[[]byte, error] {
	if how.since == "" && how.limit <= maxPage {
		return l.page(ctx, how.limit)
	}
	since := how.since
	if since == "" {
		since = "all"
	}
	if how.limit == 0 {
		return l.stream(ctx, since)
	}
	return newest(l.stream(ctx, since), how.limit)
}

// page yields the newest messages.
func (l *lookup) page(ctx context.Context, limit int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var answer struct{ Messages []json.RawMessage }
		if err := l.api(ctx, &answer, url.Values{"limit": {strconv.Itoa(limit)}}, "rooms", l.room, "messages"); err != nil {
			yield(nil, err)
			return
		}
		for _, m := range answer.Messages {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// newest yields the last lines of all, and no more of them than limit.
func newest(lines iter.Seq2[[]byte, error], limit int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var kept [][]byte
		at := 0 // the oldest, when there are as many as may be
		for line, err := range lines {
			switch {
			case err != nil:
				yield(nil, err)
				return
			case len(kept) < limit:
				kept = append(kept, append([]byte(nil), line...))
			default:
				kept[at] = append(kept[at][:0], line...)
				at = (at + 1) % limit
			}
		}
		for i := range kept {
			if !yield(kept[(at+i)%len(kept)], nil) {
				return
			}
		}
	}
}

// A pastMessage is what a person reads of a message.
type pastMessage struct {
	Type   string
	Time   time.Time
	From   struct{ Name string }
	Text   string
	JSON   json.RawMessage
	Base64 *string
	Missed int
}

// newHistoryFormat returns what writes an object of the server's to out. What is for people is made safe for a terminal
// even if it goes to a file, which a terminal may show later.
func newHistoryFormat(out io.Writer, texts *locale.Texts, room, format string, terminal bool) func(object []byte) error {
	if format == "json" {
		return func(object []byte) error {
			line := string(object)
			if terminal {
				line = tui.SafeJSON(line)
			}
			_, err := fmt.Fprintln(out, line)
			return err
		}
	}
	write, day := writeText, ""
	if format == "md" {
		fmt.Fprintf(out, "# %s\n", room) //nolint:errcheck // the next write has the error
		write = writeMarkdown
	}
	return func(object []byte) error {
		var m pastMessage
		switch {
		case json.Unmarshal(object, &m) != nil:
			return &client.RefusedError{Status: http.StatusOK, Err: client.ErrNotRecado}
		case m.Type == "gap":
			m.Text = texts.Text("commands.history.gap")
		case m.Type != "message":
			return nil
		case m.Base64 != nil:
			m.Text = texts.Count("chat.binary", base64.RawStdEncoding.DecodedLen(len(strings.TrimRight(*m.Base64, "="))))
		case len(m.JSON) > 0:
			m.Text = string(m.JSON)
		}
		m.Text = strings.TrimRight(tui.Safe(m.Text), "\n")
		today := day
		if !m.Time.IsZero() {
			today = m.Time.Local().Format(time.DateOnly)
		}
		newDay := today != day
		day = today
		return write(out, m, newDay)
	}
}

// writeText writes a message as a line, and more where it has more, which are indented so that none of them looks
// like another message.
func writeText(out io.Writer, m pastMessage, _ bool) error {
	text := strings.ReplaceAll(m.Text, "\n", "\n    ")
	if m.Type == "gap" {
		_, err := fmt.Fprintf(out, "· %s\n", text)
		return err
	}
	_, err := fmt.Fprintf(out, "[%s] %s: %s\n", m.Time.Local().Format("2006-01-02 15:04"), tui.SafeLine(m.From.Name), text)
	return err
}

// writeMarkdown writes a heading for each day. What people wrote stays as they wrote it, as a quotation.
func writeMarkdown(out io.Writer, m pastMessage, newDay bool) error {
	var b strings.Builder
	if m.Type == "gap" {
		_, err := fmt.Fprintf(out, "\n*%s*\n", m.Text)
		return err
	}
	if newDay {
		b.WriteString("\n## " + m.Time.Local().Format(time.DateOnly) + "\n")
	}
	text := strings.ReplaceAll(m.Text, "\n", "\n> ")
	fmt.Fprintf(&b, "\n**%s** %s\n\n> %s\n", escapeMarkdown(tui.SafeLine(m.From.Name)), m.Time.Local().Format("15:04"), text)
	_, err := io.WriteString(out, b.String())
	return err
}

// escapeMarkdown keeps a name from being markup.
func escapeMarkdown(name string) string {
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune("\\`*_[]<>#|~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
