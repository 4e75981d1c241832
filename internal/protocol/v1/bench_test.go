package v1_test

import (
	"strings"
	"testing"
	"time"

	"recado"
	v1 "recado/internal/protocol/v1"
)

func sample() *recado.Message {
	return &recado.Message{
		Seq: 123456, Prev: 123455, Time: time.Date(2026, 11, 22, 12, 0, 0, 123e6, time.UTC),
		Sender: recado.NewMemberID([]byte("ana's")), Name: "ana", ID: "c17",
		Kind: recado.Text, Data: []byte(strings.Repeat("bom dia ", 8)),
	}
}

func BenchmarkAppendMessage(b *testing.B) {
	m := sample()
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = v1.AppendMessage(buf[:0], m)
	}
	b.ReportMetric(float64(len(buf)), "wire-bytes/message")
}

func BenchmarkDecodeMessage(b *testing.B) {
	frame := v1.AppendMessage(nil, sample())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v1.DecodeEvent(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodePublish(b *testing.B) {
	frame := v1.AppendCommand(nil, v1.Publish{ID: "c17", Content: v1.Content{Kind: recado.Text, Data: sample().Data}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v1.DecodeCommand(frame); err != nil {
			b.Fatal(err)
		}
	}
}
