package v1_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	v1 "recado/internal/protocol/v1"
)

func FuzzDecodeCommand(f *testing.F) {
	seedFrames(f, "commands.json")
	f.Fuzz(func(t *testing.T, frame []byte) {
		c, err := v1.DecodeCommand(frame)
		if err != nil {
			e, ok := errors.AsType[*v1.Error](err)
			if c != nil || !ok || !slices.Contains(decoding, e.Code) || e.Message == "" || len(e.Message) > 500 {
				t.Errorf("DecodeCommand(%q) = %v, %#v, want a known code and a short message", frame, c, err)
			}
			return
		}
		again, err := v1.DecodeCommand(v1.AppendCommand(nil, c))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%q is read as %+v, and that as %+v, %v", frame, c, again, err)
		}
	})
}

func FuzzDecodeEvent(f *testing.F) {
	seedFrames(f, "events.json")
	f.Add([]byte(`{"type":"message","seq":1,"prev":0,"time":"0000-01-01T00:00:00+23:59","text":""}`)) // a year before 0
	f.Add([]byte(`{"type":"message","seq":1,"prev":0,"time":"9999-12-31T23:59:59-23:59","text":""}`)) // one after 9999
	f.Fuzz(func(t *testing.T, frame []byte) {
		e, err := v1.DecodeEvent(frame)
		if err != nil {
			if e != nil {
				t.Errorf("DecodeEvent(%q) = %v, %v, want nothing beside the error", frame, e, err)
			}
			return
		}
		again, err := v1.DecodeEvent(v1.AppendEvent(nil, e))
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("%q is read as %+v, and that as %+v, %v", frame, e, again, err)
		}
	})
}

// seedFrames takes the frames of the vectors.
func seedFrames(f *testing.F, name string) {
	f.Helper()
	var cases []struct{ Frame string }
	readVectors(f, name, &cases)
	for _, c := range cases {
		f.Add([]byte(c.Frame))
	}
}
