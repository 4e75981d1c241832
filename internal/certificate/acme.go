package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// LetsEncrypt is the address of Let's Encrypt's ACME directory.
const LetsEncrypt = certmagic.LetsEncryptProductionCA

// keptTime bounds the reading of what is kept: it may ask whether a certificate was revoked.
const keptTime = 5 * time.Second

// Config says which certificates are wanted, and of whom. To use it is to agree to the authority's terms.
type Config struct {
	Names     []string       // host names; not empty
	Email     string         // where the authority can write to; "" for nowhere
	Directory string         // address of the authority's ACME directory; default LetsEncrypt
	Roots     *x509.CertPool // what its own certificate is checked with; nil: those of the system
	Storage   string         // folder of the account, the keys and the certificates
	Log       *slog.Logger
}

// ACME gets certificates, and new ones before they expire. Its methods may be called concurrently.
type ACME struct {
	config Config
	cache  *certmagic.Cache
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
	stop   context.CancelFunc
}

// NewACME makes an ACME that lives until Close. It asks for nothing before Start.
func NewACME(c Config) *ACME {
	a := &ACME{config: c, stop: func() {}}
	log := zap.New(&core{log: c.Log})
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		Logger:           log,
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		DefaultServerName: c.Names[0], // of clients that know us by an address
		Storage:           &certmagic.FileStorage{Path: c.Storage},
		OnEvent:           a.event,
		Logger:            log,
	})
	a.issuer = certmagic.NewACMEIssuer(a.magic, certmagic.ACMEIssuer{
		CA: c.Directory, Email: c.Email, Agreed: true, TrustedRoots: c.Roots, Logger: log,
	})
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	return a
}

// TLS is for a listener. Until there is a certificate, handshakes fail.
func (a *ACME) TLS() *tls.Config { return a.magic.TLSConfig() }

// Name is the host that people should use to reach the server at host.
func (a *ACME) Name(host string) string {
	for _, own := range a.config.Names {
		if strings.EqualFold(own, host) {
			return host
		}
	}
	return a.config.Names[0]
}

// Names are those that certificates are wanted for.
func (a *ACME) Names() []string { return a.config.Names }

// Challenge answers what the authority asks over plain HTTP, and reports whether the request was that.
func (a *ACME) Challenge(w http.ResponseWriter, r *http.Request) bool {
	return a.issuer.HandleHTTPChallenge(w, r)
}

// Start has the certificates that were kept in use when it returns, and sees to the others: what that comes to is in
// the log. The authority will ask at the ports, which should be open by now: at one of them is what TLS is for, at the
// other, if it is not 0, Challenge answers. Call it once, before anybody is served.
func (a *ACME) Start(ctx context.Context, httpPort, tlsPort int) error {
	a.issuer.AltHTTPPort, a.issuer.DisableHTTPChallenge = httpPort, httpPort == 0
	a.issuer.AltTLSALPNPort = tlsPort
	ctx, a.stop = context.WithCancel(ctx)
	kept, cancel := context.WithTimeout(ctx, keptTime)
	defer cancel()
	for _, own := range a.config.Names {
		_, _ = a.magic.CacheManagedCertificate(kept, own) // what is not there is asked for
	}
	return a.magic.ManageAsync(ctx, a.config.Names)
}

// Close ends what is under way.
func (a *ACME) Close() {
	a.stop()
	a.cache.Stop()
}

// event tells of success; what goes wrong is told of by the core.
func (a *ACME) event(_ context.Context, event string, data map[string]any) error {
	if event == "cert_obtained" {
		a.config.Log.Info("certificate obtained", "name", data["identifier"], "issuer", data["issuer"], "renewal", data["renewal"])
	}
	return nil
}
