package edge

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
)

// pair is a certificate with its key, as the two files have them now.
type pair struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]

	mu   sync.Mutex
	seen [sha256.Size]byte // what was read last, whether it was good or not, so that each fault is told once
}

func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.current.Load(), nil }

// load reads the files and reports whether the server uses something new. Files caught between two writes make a pair
// that does not fit; it is left, and the next look finds the whole one.
func (p *pair) load() (changed bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	broken := func(err error) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeCertificate, Err: err}
	}
	cert, certErr := os.ReadFile(p.certFile)
	key, keyErr := os.ReadFile(p.keyFile)
	err = errors.Join(certErr, keyErr)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %v", cert, key, err))
	if sum == p.seen {
		return false, nil
	}
	p.seen = sum
	if err != nil {
		return false, broken(err)
	}
	made, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, broken(err)
	}
	p.current.Store(&made)
	return true, nil
}

// watch looks at the files until the context ends.
func (p *pair) watch(ctx context.Context, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, err := p.load()
		if err != nil {
			log.Error("the new certificate can't be used, the former one stays", slog.Any("error", err))
		} else if changed {
			log.Info("the certificate was renewed", slog.Time("until", p.current.Load().Leaf.NotAfter))
		}
	}
}
