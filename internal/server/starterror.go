package server

import "fmt"

// A StartError says why the server cannot start. The code has texts in both languages.
type StartError struct {
	Code  string
	Facts []any // what the texts mention, in pairs
	Err   error // the cause, or nil
}

func newStartError(code string, err error, facts ...any) *StartError {
	return &StartError{Code: code, Facts: facts, Err: err}
}

// Error names the code, the facts and the cause.
func (e *StartError) Error() string {
	text := e.Code
	if len(e.Facts) > 0 {
		text = fmt.Sprint(e.Code, " ", e.Facts)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }
