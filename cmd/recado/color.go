package main

import (
	"fmt"
	"slices"
	"strings"
)

// A colorChoice is the value of --color.
type colorChoice string

const (
	colorAuto   colorChoice = "auto" // unless NO_COLOR is set
	colorAlways colorChoice = "always"
	colorNever  colorChoice = "never"
)

// String returns the choice.
func (c *colorChoice) String() string { return string(*c) }

// Set takes one of the choices.
func (c *colorChoice) Set(value string) error {
	choice := colorChoice(value)
	if !slices.Contains([]colorChoice{colorAuto, colorAlways, colorNever}, choice) {
		return fmt.Errorf("%q is not auto, always or never", value)
	}
	*c = choice
	return nil
}

// Type is what the help calls the value.
func (c *colorChoice) Type() string { return "auto|always|never" }

// on reports whether there shall be colours on a terminal.
func (c colorChoice) on(getenv func(string) string) bool {
	return c == colorAlways || c == colorAuto && getenv("NO_COLOR") == ""
}

// environ is the environment by which a library finds out which colours the terminal has, with the choice made in
// it: any value of NO_COLOR counts, also those that libraries take for a no.
func (c colorChoice) environ(environ []string, getenv func(string) string) []string {
	out := slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		return strings.HasPrefix(variable, "NO_COLOR=") || strings.HasPrefix(variable, "CLICOLOR")
	})
	switch {
	case !c.on(getenv):
		out = append(out, "NO_COLOR=1")
	case c == colorAlways:
		out = append(out, "CLICOLOR_FORCE=1")
	}
	return out
}
