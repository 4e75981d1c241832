package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"recado/internal/certificate"
	"recado/internal/server"
)

// Where a server with a name of its own listens: authorities and browsers expect it there.
const (
	domainListen = ":443"
	domainWeb    = ":80"
)

// A tlsConfig says whether the server speaks TLS, and with which certificates.
type tlsConfig struct {
	certificate, key string
	domains          []string
	acme             acmeConfig
}

// An acmeConfig says who gives the certificates for the domains.
type acmeConfig struct{ email, directory, rootFile, storage string }

// certificates are what the server shows: *certificate.Files or *certificate.ACME.
type certificates interface {
	TLS() *tls.Config
	Name(host string) string
	Names() []string
}

func (c *tlsConfig) check() error {
	switch {
	case (c.certificate == "") != (c.key == ""):
		return trouble(exitConfig, "tls_pair")
	case c.certificate != "" && len(c.domains) > 0:
		return trouble(exitConfig, "flags_conflict", "One", "--tls-cert", "Other", "--domain")
	case len(c.domains) == 0 && c.acme != newConfig().tls.acme:
		return trouble(exitConfig, "acme_alone")
	}
	return nil
}

// files opens those of --tls-cert and --tls-key.
func (c *tlsConfig) files(log *slog.Logger) (*certificate.Files, error) {
	files, err := certificate.Open(c.certificate, c.key, log)
	if err != nil {
		return nil, trouble(exitConfig, "tls_files", "Cause", err)
	}
	return files, nil
}

// roots are those of --acme-root-file; nil for the system's.
func (c *acmeConfig) roots() (*x509.CertPool, error) {
	if c.rootFile == "" {
		return nil, nil //nolint:nilnil // nothing else is asked for
	}
	roots, err := rootsOf(c.rootFile)
	if err != nil {
		return nil, trouble(exitConfig, "ca_unusable", "File", c.rootFile, "Cause", causeOf(err))
	}
	return roots, nil
}

// tryOut finds what is wrong with the files.
func (c *tlsConfig) tryOut(log *slog.Logger) error {
	_, err := c.acme.roots()
	if c.certificate != "" {
		_, wrong := c.files(log)
		err = errors.Join(err, wrong)
	}
	return err
}

// addresses are those to listen at, unless others were chosen.
func (c *config) addresses() {
	if len(c.tls.domains) == 0 {
		return
	}
	if c.origins["listen"] == "" {
		c.listen = domainListen
	}
	if c.origins["web"] == "" {
		c.web = domainWeb
	}
}

// secure lets the server speak TLS, if it is to. What it returns ends that.
func (s *serving) secure(to *server.Config) (stop func(), err error) {
	c, stop := &s.config.tls, func() {}
	switch {
	case len(c.domains) > 0:
		acme, err := s.authority()
		if err != nil {
			return nil, err
		}
		s.certificates, stop = acme, acme.Close
		to.TLS = &server.TLS{Config: acme.TLS(), Names: acme.Names, Challenge: acme.Challenge, Strict: true}
	case c.certificate != "":
		files, err := c.files(s.log)
		if err != nil {
			return nil, err
		}
		s.certificates = files
		to.TLS = &server.TLS{Config: files.TLS(), Names: files.Names}
	}
	return stop, nil
}

// reloadCertificate reads the files of --tls-cert and --tls-key again.
func (s *serving) reloadCertificate() error {
	if files, is := s.certificates.(*certificate.Files); is {
		if err := files.Reload(); err != nil {
			return trouble(exitConfig, "tls_files", "Cause", err)
		}
	}
	return nil
}

// authority is who gives the certificates.
func (s *serving) authority() (*certificate.ACME, error) {
	c := s.config.tls.acme
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	wanted := certificate.Config{
		Names: s.config.tls.domains, Email: c.email, Directory: c.directory, Storage: c.storage, Roots: roots, Log: s.log,
	}
	if wanted.Storage == "" {
		folder := s.getenv("STATE_DIRECTORY") // a service has one
		if folder == "" {
			if folder, err = os.UserConfigDir(); err != nil {
				return nil, trouble(exitConfig, "acme_storage", "Cause", err)
			}
			folder = filepath.Join(folder, "recado")
		}
		wanted.Storage = filepath.Join(folder, "acme")
	}
	return certificate.NewACME(wanted), nil
}

// obtain sees to the certificates once the listeners are open.
func (s *serving) obtain(ctx context.Context, at server.Addresses) error {
	acme, is := s.certificates.(*certificate.ACME)
	if !is {
		return nil
	}
	web := 0
	if at.Web != at.Listen {
		web = portNumber(at.Web)
	}
	s.log.Info("certificates wanted", "names", s.config.tls.domains)
	return acme.Start(ctx, web, portNumber(at.Listen))
}

func portNumber(address string) int {
	_, port, _ := net.SplitHostPort(address) // the server has made it
	number, _ := strconv.Atoi(port)
	return number
}

// url is how people get to what is served at the address: with TLS under a name that the certificate is for.
func (s *serving) url(scheme, address string) string {
	if s.certificates == nil {
		return scheme + "://" + address
	}
	host, port, _ := net.SplitHostPort(address) // the server has made it
	u := url.URL{Scheme: scheme + "s", Host: net.JoinHostPort(s.certificates.Name(host), port)}
	if port == "443" {
		u.Host = u.Host[:len(u.Host)-len(":443")]
	}
	return u.String()
}

// pageAddress is where the page is: with TLS, the second listener only shows the way.
func (s *serving) pageAddress(at server.Addresses) string {
	if s.certificates != nil {
		return at.Listen
	}
	return at.Web
}

// rootsOf reads the certificates of authorities.
func rootsOf(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, errors.New("no certificate in it")
	}
	return roots, nil
}

// A directoryValue is the address of an authority's ACME directory.
type directoryValue struct{ to *string }

func (v directoryValue) Set(s string) error {
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" {
		return want("https")
	}
	*v.to = s
	return nil
}

func (v directoryValue) String() string { return *v.to }
func (v directoryValue) Type() string   { return "url" }
