package locale

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

// Detect chooses the language: the value of the --lang flag, then RECADO_LANG, then LC_ALL, LC_MESSAGES and LANG,
// the first that is not empty. Of the system's variables any language but Portuguese means English;
// in the flag and in RECADO_LANG, which are meant for Recado, an unknown language is an error.
func Detect(flag string, getenv func(string) string) (Language, error) {
	for _, explicit := range []struct{ source, value string }{
		{"--lang", flag},
		{"RECADO_LANG", getenv("RECADO_LANG")},
	} {
		if explicit.value == "" {
			continue
		}
		l, known := parse(explicit.value)
		if !known {
			return English, fmt.Errorf("%s: there is no language %q, only %s and %s", explicit.source, explicit.value, English, Portuguese)
		}
		return l, nil
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			l, _ := parse(value)
			return l, nil
		}
	}
	return English, nil
}

// Accept chooses the language by an HTTP Accept-Language header. The result for an empty or odd one is English.
func Accept(acceptLanguage string) Language {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return English
	}
	for _, tag := range tags { // sorted by preference
		if l, known := parse(tag.String()); known {
			return l
		}
	}
	return English
}

// parse reads names like pt, pt-BR, pt_BR.UTF-8 and en_US@euro; the result for others is English, false.
func parse(name string) (l Language, known bool) {
	name, _, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(name, "@")
	base, _, _ := strings.Cut(strings.ReplaceAll(name, "_", "-"), "-")
	switch strings.ToLower(base) {
	case "pt":
		return Portuguese, true
	case "en":
		return English, true
	}
	return English, false
}
