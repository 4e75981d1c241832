package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"recado/internal/locale"

	"github.com/spf13/cobra"
)

// addTrust gives a command that talks to a server the flag --ca.
func (p *program) addTrust(cmd *cobra.Command, texts *locale.Texts) {
	cmd.Flags().Var(trustValue{&p.roots}, "ca", texts.Text("commands.flag.ca"))
}

// tls is how to speak TLS with a server.
func (p *program) tls() *tls.Config {
	return &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS12}
}

// A trustValue is a file with the certificates of authorities that are trusted besides those that the system knows.
type trustValue struct{ to **x509.CertPool }

func (v trustValue) Set(s string) error {
	roots, err := x509.SystemCertPool()
	if err != nil { // it has none
		roots = x509.NewCertPool()
	}
	if content, err := os.ReadFile(s); err != nil || !roots.AppendCertsFromPEM(content) {
		return want("authorities")
	}
	*v.to = roots
	return nil
}

func (v trustValue) String() string { return "" }
func (v trustValue) Type() string   { return fileType }
