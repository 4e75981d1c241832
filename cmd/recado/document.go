package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// roomsTable is the key of the rules of rooms, of which a file can have many: [[rooms]].
const roomsTable = "rooms"

// An entry is what a configuration file says in one place: a key and its value, or the beginning of a table.
type entry struct {
	key   string        // with the tables that it is in: limits.message_size
	room  int           // to which of the [[rooms]] it belongs, counted from 1; 0: to none
	at    string        // file:line:column
	kind  unstable.Kind // of the value, Table, or ArrayTable; Invalid for a list of other things than texts
	texts []string      // the value as a flag takes it; of a list, each
}

// A document is a file while it is read.
type document struct {
	name    string
	parser  unstable.Parser
	entries []entry
	rooms   int // so far
}

// parseDocument reads a file of that name in its order. The error, if it is no TOML, says where.
func parseDocument(name string, text []byte) ([]entry, error) {
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil { // the parser below does not see what is said twice
		return nil, notTOML(name, err)
	}
	d := &document{name: name}
	d.parser.Reset(text)
	table, room := "", 0
	for d.parser.NextExpression() {
		expression := d.parser.Expression()
		key, at := d.key(expression)
		switch expression.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, room = key, 0
			if key == roomsTable && expression.Kind == unstable.ArrayTable {
				d.rooms++
				room = d.rooms
			}
			d.entries = append(d.entries, entry{key: key, room: room, at: at, kind: expression.Kind})
		case unstable.KeyValue:
			d.add(entry{key: below(table, key), room: room, at: at}, expression.Value())
		}
	}
	if err := d.parser.Error(); err != nil {
		return nil, notTOML(name, err)
	}
	return d.entries, nil
}

func notTOML(name string, err error) error {
	at, why := name, strings.TrimPrefix(err.Error(), "toml: ")
	if where, is := errors.AsType[*toml.DecodeError](err); is {
		line, column := where.Position()
		at = fmt.Sprintf("%s:%d:%d", name, line, column)
	}
	return trouble(exitConfig, "config_malformed", "Source", at, "Cause", why)
}

// key is the dotted key of an expression, and where it begins.
func (d *document) key(expression *unstable.Node) (key, at string) {
	for part := expression.Key(); part.Next(); {
		node := part.Node()
		if at == "" {
			start := d.parser.Shape(node.Raw).Start
			at = fmt.Sprintf("%s:%d:%d", d.name, start.Line, start.Column)
		}
		key = below(key, bare(string(node.Data)))
	}
	return key, at
}

// bare quotes a part of a key that could not stand in a file without, so that "a.b" is not taken for a.b.
func bare(part string) string {
	odd := func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if part == "" || strings.ContainsFunc(part, odd) {
		return strconv.Quote(part)
	}
	return part
}

func below(table, key string) string { return strings.TrimPrefix(table+"."+key, ".") }

// add adds the entry with that value; an inline table is a table.
func (d *document) add(e entry, value *unstable.Node) {
	e.kind = value.Kind
	switch value.Kind {
	case unstable.InlineTable:
		e.kind = unstable.Table
		d.addTable(e, value)
		return
	case unstable.Array:
		for each := value.Children(); each.Next(); {
			element := each.Node()
			switch {
			case element.Kind == unstable.String:
				e.texts = append(e.texts, string(element.Data))
			case element.Kind == unstable.InlineTable && e.key == roomsTable:
				d.rooms++
				d.addTable(entry{key: e.key, room: d.rooms, at: e.at, kind: unstable.ArrayTable}, element)
			case element.Kind != unstable.Comment:
				e.kind = unstable.Invalid
			}
		}
		if e.key == roomsTable && e.kind == unstable.Array && e.texts == nil {
			return
		}
	case unstable.Integer:
		e.texts = []string{plainInteger(string(value.Data))}
	default:
		e.texts = []string{string(value.Data)}
	}
	d.entries = append(d.entries, e)
}

func (d *document) addTable(e entry, table *unstable.Node) {
	d.entries = append(d.entries, e)
	for each := table.Children(); each.Next(); {
		if pair := each.Node(); pair.Kind == unstable.KeyValue {
			key, at := d.key(pair)
			d.add(entry{key: below(e.key, key), room: e.room, at: at}, pair.Value())
		}
	}
}

// plainInteger writes 1_000 and 0x10 as flags have it.
func plainInteger(text string) string {
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return text
	}
	return strconv.FormatInt(n, 10)
}

// takeEntry sets what a file says.
func (s setting) takeEntry(e entry) error {
	if list, is := s.list(); is && e.kind == unstable.Array {
		return list.Replace(e.texts)
	}
	kinds, hint := s.kinds()
	if !slices.Contains(kinds, e.kind) {
		return want(hint)
	}
	return s.set(e.texts[0])
}

// kinds are those of TOML that the setting takes, and what to say of others.
func (s setting) kinds() (kinds []unstable.Kind, hint string) {
	switch s.value.Type() {
	case switchType:
		return []unstable.Kind{unstable.Bool}, "toml_switch"
	case countType:
		return []unstable.Kind{unstable.Integer}, "toml_count"
	case sizeType:
		return []unstable.Kind{unstable.Integer, unstable.String}, "toml_text"
	case durationType:
		return []unstable.Kind{unstable.Integer, unstable.String}, "toml_text" // an integer other than 0 has no unit
	}
	if _, is := s.list(); is {
		return []unstable.Kind{unstable.String}, "toml_list"
	}
	return []unstable.Kind{unstable.String}, "toml_text"
}
