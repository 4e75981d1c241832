package web

import "testing"

func TestWithoutComments(t *testing.T) {
	for name, tt := range map[string]struct{ module, want string }{
		"line":                  {"// a\nlet x; // b\n  // c\n", "\nlet x; // b\n\n"},
		"block":                 {"/** a\n * b */\nlet x;\n", "\n\nlet x;\n"},
		"block over lines":      {"  /**\n   * a\n   */\n  x();\n", "\n\n\nx();\n"},
		"block before code":     {"  /** @type {X} */ #x = new Map();\n", "#x = new Map();\n"},
		"block of one line":     {"/** a */\n", "\n"},
		"block within code":     {"x = /** @type {X} */ (y);\n", "x = /** @type {X} */ (y);\n"},
		"block, end, code":      {"/** a\n * b */ x();\n", "\nx();\n"},
		"address":               {"x(\"https://a\");\n", "x(\"https://a\");\n"},
		"regular expression":    {"x.replace(/\\/**/, y);\n", "x.replace(/\\/**/, y);\n"},
		"somebody else's":       {"// @ts-nocheck\n// licence\n", "// @ts-nocheck\n// licence\n"},
		"no newline at the end": {"// a\nx();", "\nx();"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(withoutComments([]byte(tt.module))); got != tt.want {
				t.Errorf("withoutComments(%q) = %q, want %q", tt.module, got, tt.want)
			}
		})
	}
}

func TestWithoutStyleComments(t *testing.T) {
	for sheet, want := range map[string]string{
		"a {\n  color: red; /* why */\n}\n":  "a {\ncolor: red; \n}\n",
		"/* two\n   lines */\nb{}/* x */c{}": "\n\nb{}c{}",
	} {
		if got := string(withoutStyleComments([]byte(sheet))); got != want {
			t.Errorf("withoutStyleComments(%q) = %q, want %q", sheet, got, want)
		}
	}
}
