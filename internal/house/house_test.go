package house_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// A file is one text of the tree, named by its slash-separated path from the root.
type file struct {
	path string
	text string
}

// The tests read the files themselves: so the go command knows what they depend on and runs them again
// when any file changes, although they import nothing of the house.
func TestImports(t *testing.T) {
	report(t, checkImports(readTree(t)))
}

func TestTexts(t *testing.T) {
	report(t, checkTexts(readTree(t)))
}

func report(t *testing.T, breaches []string) {
	t.Helper()
	for _, breach := range breaches {
		t.Error(breach)
	}
}

// notOurs are directories whose files are built, installed, or another's.
var notOurs = []string{".git", "bin", "node_modules", "third_party", "vendor"}

func readTree(t *testing.T) []file {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []file
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(notOurs, entry.Name()):
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name)
		if err == nil && utf8.Valid(text) {
			files = append(files, file{filepath.ToSlash(relative), string(text)})
		}
		return err
	})
	if err != nil {
		t.Fatalf("reading the tree: %v", err)
	}
	return files
}

// ownGo selects the Go files of the main module: a directory with a go.mod of its own is another one.
func ownGo(files []file) []file {
	var others []string
	for _, f := range files {
		if dir, base := path.Split(f.path); base == "go.mod" && dir != "" {
			others = append(others, dir)
		}
	}
	return slices.DeleteFunc(slices.Clone(files), func(f file) bool {
		foreign := slices.ContainsFunc(others, func(dir string) bool { return strings.HasPrefix(f.path, dir) })
		return foreign || path.Ext(f.path) != ".go" || strings.Contains("/"+f.path, "/testdata/")
	})
}
