package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"

	"recado/internal/locale"
)

// An empty element or another tag that names its texts, as label in dom.js reads them.
var namesTexts = regexp.MustCompile(`<[^<>]* data-(text|name|label)="([^"]+)"[^<>]*>`)

// labelled writes the fixed texts into the page, so that it can be read before any of its modules has come.
func labelled(page []byte, l locale.Language) []byte {
	var texts map[string]any
	if err := json.Unmarshal(locale.Page(l), &texts); err != nil {
		panic(fmt.Errorf("%s texts: %w", l, err)) // they are embedded
	}
	page = bytes.ReplaceAll(page, []byte(textsName(locale.English)), []byte(textsName(l)))
	page = bytes.Replace(page, []byte(`<html lang="en"`), []byte(`<html lang="`+string(l)+`"`), 1)
	return namesTexts.ReplaceAllFunc(page, func(tag []byte) []byte {
		names := namesTexts.FindSubmatch(tag)
		text, _ := texts[string(names[2])].(string)
		text = html.EscapeString(text)
		start := tag[:len(tag)-1]
		switch string(names[1]) {
		case "text":
			return fmt.Appendf(nil, "%s>%s", start, text)
		case "name":
			return fmt.Appendf(nil, `%s aria-label="%s">`, start, text)
		default:
			return fmt.Appendf(nil, `%s aria-label="%s" title="%s">`, start, text, text)
		}
	})
}
