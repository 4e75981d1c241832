package web

import (
	"bytes"
	"regexp"
	"strings"
)

// foreign is how a module of somebody else begins. Its licence must stay.
const foreign = "// @ts-nocheck"

// withoutComments drops the comments that begin a line of a module, which are a third of what a first visit would
// load. Lines keep their numbers. It knows no JavaScript: no line within a template literal may begin like a comment.
func withoutComments(module []byte) []byte {
	if bytes.HasPrefix(module, []byte(foreign)) {
		return module
	}
	var b strings.Builder
	b.Grow(len(module))
	inside := false
	for line := range strings.Lines(string(module)) {
		code := strings.TrimLeft(line, " \t")
		if !inside && strings.HasPrefix(code, "/**") {
			inside, code = true, code[len("/**"):]
		}
		if inside {
			_, after, ended := strings.Cut(code, "*/")
			if inside = !ended; inside || strings.TrimSpace(after) == "" {
				after = "\n"
			}
			code = strings.TrimLeft(after, " ")
		}
		if strings.HasPrefix(code, "//") {
			code = "\n"
		}
		b.WriteString(code)
	}
	return []byte(b.String())
}

var styleComment = regexp.MustCompile(`(?s:/\*.*?\*/)|(?m:^[ \t]+)`)

// withoutStyleComments does the same for a style sheet. It knows no CSS: no string may have what begins a comment.
func withoutStyleComments(sheet []byte) []byte {
	return styleComment.ReplaceAllFunc(sheet, func(found []byte) []byte {
		return bytes.Repeat([]byte("\n"), bytes.Count(found, []byte("\n")))
	})
}
