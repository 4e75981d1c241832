package main

import (
	"os"

	"recado/internal/tlstest"

	"github.com/rogpeppe/go-internal/testscript"
)

// identify writes certificate.pem and key.pem, of an authority of its own, for host names and addresses: identify localhost
func identify(ts *testscript.TestScript, neg bool, hosts []string) {
	if neg || len(hosts) == 0 {
		ts.Fatalf("usage: identify host...")
	}
	certificate, key, err := tlstest.New(hosts...)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("certificate.pem"), certificate, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("key.pem"), key, 0o600))
}
