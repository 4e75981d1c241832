// Package locale has the texts that people read, in English and Brazilian Portuguese, and chooses the language.
// It knows nothing of where a text is shown. Logs and error codes are not texts: they are never translated.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// A Language is one that the interfaces are written in.
type Language string

// The languages.
const (
	English    Language = "en"
	Portuguese Language = "pt-BR"
)

//go:embed texts/*.json
var files embed.FS

// Texts looks up the texts of one language. Its methods may be called concurrently.
type Texts struct {
	language  Language
	localizer *i18n.Localizer
}

// New reads the texts of l. Keep what it returns: it parses them all.
// It panics when a text file is broken, which is a mistake of the build and no one's input.
func New(l Language) *Texts {
	bundle := i18n.NewBundle(language.Make(string(l)))
	for _, area := range []string{"states", "page", "chat", "commands", "serve", "config", "bench", "errors"} {
		name := area + "." + string(l) + ".json"
		bundle.MustParseMessageFileBytes(read(name), name)
	}
	return &Texts{language: l, localizer: i18n.NewLocalizer(bundle, string(l))}
}

// Language is the one given to New.
func (t *Texts) Language() Language { return t.language }

// Text is the text with this id. The facts that it mentions as {{.Name}} follow as pairs: "Port", 8765.
// The text of an unknown id is the id.
func (t *Texts) Text(id string, facts ...any) string {
	return t.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: pairs(facts)})
}

// Count is like Text, for a text with plural forms; {{.Count}} in it is n.
func (t *Texts) Count(id string, n int, facts ...any) string {
	data := pairs(facts)
	data["Count"] = n
	return t.localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: n})
}

func (t *Texts) localize(c *i18n.LocalizeConfig) string {
	text, err := t.localizer.Localize(c)
	// A plural form that a text does not have, such as that for millions, comes with an error and the general form.
	if err != nil && text == "" {
		return c.MessageID
	}
	return text
}

// Page is a JSON object of the texts that the web page needs, by id: strings,
// or objects {"one": …, "other": …} for those with plural forms.
func Page(l Language) []byte {
	all := map[string]json.RawMessage{}
	for _, area := range []string{"states", "page"} {
		// Unmarshal adds to the map.
		if err := json.Unmarshal(read(area+"."+string(l)+".json"), &all); err != nil {
			panic(fmt.Errorf("%s texts in %s: %w", area, l, err))
		}
	}
	object, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return object
}

func read(name string) []byte {
	data, err := files.ReadFile("texts/" + name)
	if err != nil {
		panic(err)
	}
	return data
}

func pairs(facts []any) map[string]any {
	data := make(map[string]any, len(facts)/2+1)
	for i := 0; i+1 < len(facts); i += 2 {
		data[fmt.Sprint(facts[i])] = facts[i+1]
	}
	return data
}
