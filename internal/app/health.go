package app

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// CodeNotReady says that the server does not answer, or can't serve requests; arg "status", empty without an answer.
const CodeNotReady colophon.Code = "health-not-ready"

// Health asks the server of a deployment, on this machine, whether it is ready. The certificate is not checked: it is for
// the public name, and nobody stands between a machine and itself.
func Health(ctx context.Context, v Serving) error {
	public, err := url.Parse(v.PublicURL)
	if err != nil {
		return err
	}
	scheme := "http"
	if v.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(v.Listen)
	if err != nil {
		return wrongSetting("listen", v.Listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	if path, ok := strings.CutPrefix(v.Listen, "unix:"); ok {
		host, port = "localhost", "80"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	req.Host = public.Host
	client := &http.Client{Timeout: 10 * time.Second, Transport: transport}
	status := ""
	res, err := client.Do(req)
	if err == nil {
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
		status = strconv.Itoa(res.StatusCode)
	}
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeNotReady, Args: colophon.Args{"status": status}, Err: err}
}
