package app

import (
	"cmp"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/detect"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/keys"
	"github.com/colophon-project/colophon/internal/verify"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/screen/library"
)

// Codes of errors about settings.
const (
	CodeSetting        colophon.Code = "setting-invalid" // args "setting", "value"
	CodeSettingUnknown colophon.Code = "setting-unknown" // args "file", "setting"
	CodeSettingFile    colophon.Code = "setting-file"    // arg "file"; the cause says why
)

// Serving is what a person may set about the server. Each field is documented under config.<key> in internal/locale, and
// `colophon help config` prints all of them. Flags go before the environment, and that before the file.
type Serving struct {
	Data      string `koanf:"data"`
	Listen    string `koanf:"listen"`
	PublicURL string `koanf:"public-url"`
	TLSCert   string `koanf:"tls-cert"`
	TLSKey    string `koanf:"tls-key"`
	Proxies   string `koanf:"trusted-proxies"` // networks, separated by commas
	Header    string `koanf:"proxy-header"`

	Postgres      string `koanf:"postgres"`
	Blobs         string `koanf:"blobs"`
	Log           string `koanf:"log"`
	LogName       string `koanf:"log-name"`
	Keys          string `koanf:"keys"`
	SealAlgorithm string `koanf:"seal"`

	KeepOriginals int `koanf:"keep-originals"` // days
	KeepLogs      int `koanf:"keep-logs"`      // months
	KeepReviews   int `koanf:"keep-assessments"`

	MaxUpload int    `koanf:"max-upload"` // MiB
	Marking   int    `koanf:"marking"`    // 0 for one for each processor
	Signed    string `koanf:"signed"`
	// Watermark names kinds of content, and WatermarkOn and CredentialOn kinds of functions, separated by commas.
	Watermark       string `koanf:"watermark"`
	WatermarkOn     string `koanf:"watermark-functions"`
	CredentialKey   string `koanf:"credential-key"`
	CredentialChain string `koanf:"credential-chain"`
	CredentialOn    string `koanf:"credential-functions"`
	CredentialTrust string `koanf:"credential-trust"` // files, separated by commas
	Concurrency     int    `koanf:"concurrency"`
	Rate            int    `koanf:"rate"` // requests a second of one address or key
	Connections     int    `koanf:"connections"`
	PerAddress      int    `koanf:"connections-per-address"`
	// MemoryTarget is from how many MiB on memory is given back by collecting more often.
	MemoryTarget int           `koanf:"memory-target"`
	Pause        time.Duration `koanf:"pause"`
	Drain        time.Duration `koanf:"drain"`
	Workers      int           `koanf:"workers"`

	Sample  string `koanf:"sample-model"`     // on or off
	Judge   string `koanf:"screen-artefacts"` // auto, on or off
	Starter string `koanf:"starter-library"`
	Excerpt int    `koanf:"screen-excerpt"` // runes
	Plan    string `koanf:"moderation-plan"`
	Models  string `koanf:"classifier-models"`

	Admission string `koanf:"admission"`     // on, off
	Provider  string `koanf:"provider-name"` // as people know it
	Contact   string `koanf:"provider-contact"`
	Prompt    string `koanf:"prompt-text"`
	Holidays  string `koanf:"holidays"`
	Appeal    string `koanf:"appeal"` // where account holders appeal
	// Responsible answers for reports to authorities: a name, and how to reach it.
	Responsible string `koanf:"report-responsible"`
	PackForms   string `koanf:"pack-forms"` // file, or folder of files
	CopyRules   string `koanf:"copy-rules"`
	// Operator and PlatformSize decide which limits and thresholds of incidents count; see incident/report.
	Operator     string        `koanf:"operator"`
	PlatformSize string        `koanf:"platform-size"`
	ReportAtOnce time.Duration `koanf:"report-at-once"` // what the provider allows itself where the law says at once
	DrillMonths  int           `koanf:"drill-months"`   // that may pass between two drills of a playbook

	PerPerson  int `koanf:"accounts-per-person"`
	Tries      int `koanf:"verification-tries"` // a day
	Verified   int `koanf:"verification-days"`
	PhoneKnown int `koanf:"verification-days-phone"`

	Platform        string        `koanf:"platform"` // code or name in labels, as the platform that spreads
	IntakeKeep      time.Duration `koanf:"intake-keep"`
	RunParallel     int           `koanf:"run-parallel"`      // questions of an assessment run that are asked at a time
	RecallEvery     time.Duration `koanf:"recall-every"`      // how often the recall feeds of others are read
	Uploads         string        `koanf:"recalled-uploads"`  // what becomes of uploads that were refuted
	Outgoing        string        `koanf:"refuted-outgoing"`  // of what is produced here and was refuted
	Original        string        `koanf:"refuted-originals"` // of hosted addresses of what was refuted
	RecallHosts     string        `koanf:"recall-hosts"`      // that may lie in a network of our own, separated by commas
	Browser         string        `koanf:"browser"`           // Chromium that pages are looked at with
	InspectionHosts string        `koanf:"inspection-hosts"`  // of our services that may lie in a network of our own, separated by commas
	WebhookHosts    string        `koanf:"webhook-hosts"`     // that may lie in a network of our own, separated by commas

	Traces       string `koanf:"traces"`
	LogLevel     string `koanf:"log-level"`
	Timestamp    string `koanf:"timestamp"`
	TimestampCAs string `koanf:"timestamp-ca"`

	OIDC        []OIDCProvider      `koanf:"oidc"`
	Classifiers []classify.Endpoint `koanf:"classifiers"` // set in the file alone
	Sources     []verify.Endpoint   `koanf:"verification-sources"`
	Buckets     []Bucket            `koanf:"intake-buckets"`
	Detectors   []detect.Endpoint   `koanf:"intake-detectors"`
	Gateway     GatewaySettings     `koanf:"gateway"`

	weak weakened // set by tests alone
	// matchers is what servers of one process share; nil where there is one server. Set by tests alone.
	matchers *library.Matchers

	// Known are all settings with where they come from, without secrets, as they were read.
	Known []Setting
}

// OIDCProvider is an OpenID provider that staff may sign in with. It is set in the file alone.
type OIDCProvider struct {
	Issuer     string            `koanf:"issuer"`
	Name       string            `koanf:"name"` // as people know it
	ClientID   string            `koanf:"client-id"`
	SecretFile string            `koanf:"client-secret-file"`
	Scopes     []string          `koanf:"scopes"`
	Require    map[string]string `koanf:"require"` // claims that somebody must have
	Roles      []OIDCRole        `koanf:"roles"`
	Create     bool              `koanf:"create"`
}

// OIDCRole gives a role to whoever has a claim.
type OIDCRole struct {
	Claim string `koanf:"claim"`
	Value string `koanf:"value"`
	Role  string `koanf:"role"`
}

// defaults are the settings in the order of their documentation.
func defaults() []Setting {
	list := []Setting{
		{Key: "data", Value: "colophon-data"}, {Key: "listen", Value: "127.0.0.1:8080"}, {Key: "public-url"}, {Key: "tls-cert"}, {Key: "tls-key"},
		{Key: "trusted-proxies"}, {Key: "proxy-header", Value: "x-forwarded-for"}, {Key: "postgres", Secret: true}, {Key: "blobs"}, {Key: "log"}, {Key: "log-name"}, {Key: "keys"}, {Key: "seal", Value: "SM2"},
		{Key: "keep-originals", Value: "0"}, {Key: "keep-logs", Value: "6"}, {Key: "keep-assessments", Value: "36"}, {Key: "max-upload", Value: "2048"}, {Key: "marking", Value: "0"}, {Key: "signed", Value: "refuse"}, {Key: "watermark"}, {Key: "watermark-functions"}, {Key: "credential-key"}, {Key: "credential-chain"}, {Key: "credential-functions"}, {Key: "credential-trust"},
		{Key: "concurrency", Value: "64"}, {Key: "rate", Value: "200"}, {Key: "connections", Value: "16384"}, {Key: "connections-per-address", Value: "512"}, {Key: "memory-target", Value: "1280"}, {Key: "pause", Value: "0s"}, {Key: "drain", Value: "30s"}, {Key: "workers", Value: "2"},
		{Key: "admission", Value: "on"}, {Key: "sample-model", Value: "off"}, {Key: "screen-artefacts", Value: "auto"}, {Key: "starter-library", Value: "on"}, {Key: "screen-excerpt", Value: "0"}, {Key: "moderation-plan"}, {Key: "classifier-models"}, {Key: "accounts-per-person", Value: "5"}, {Key: "verification-tries", Value: "10"}, {Key: "verification-days", Value: "1095"}, {Key: "verification-days-phone", Value: "365"},
		{Key: "provider-name"}, {Key: "provider-contact"}, {Key: "prompt-text"}, {Key: "holidays"}, {Key: "appeal"}, {Key: "report-responsible", Secret: true}, {Key: "pack-forms"}, {Key: "copy-rules"}, {Key: "operator", Value: "other"}, {Key: "platform-size"}, {Key: "report-at-once", Value: "2h"}, {Key: "drill-months", Value: "12"}, {Key: "platform"}, {Key: "intake-keep", Value: "24h"}, {Key: "run-parallel", Value: "8"}, {Key: "recall-every", Value: "10m"}, {Key: "recall-hosts"}, {Key: "recalled-uploads", Value: "flag"}, {Key: "refuted-outgoing", Value: "refuse"}, {Key: "refuted-originals", Value: "choice"}, {Key: "webhook-hosts"}, {Key: "browser"}, {Key: "inspection-hosts"}, {Key: "traces"},
		{Key: "log-level", Value: "info"}, {Key: "timestamp"}, {Key: "timestamp-ca"},
	}
	for i := range list {
		list[i].Env = envName(list[i].Key)
	}
	return list
}

func envName(key string) string {
	return "COLOPHON_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// Serve reads the server's settings: flags by their keys, before the environment, before a file, before the defaults. The
// settings of Config may stand in the file too; the environment goes before them.
func (c Config) Serve(flags map[string]string, path string, getenv func(string) string) (Config, Serving, error) {
	k := koanf.NewWithConf(koanf.Conf{Delim: "\x00", StrictMerge: false})
	first, env := map[string]any{}, map[string]any{}
	known := []string{"oidc", "classifiers", "verification-sources", "gateway", "intake-buckets", "intake-detectors"}
	for _, s := range append(c.base(), defaults()...) {
		known = append(known, s.Key)
		first[s.Key] = s.Value
		if v := getenv(s.Env); v != "" {
			env[s.Key] = v
		}
	}
	given := map[string]any{}
	for key, v := range flags {
		given[key] = v
	}
	if err := k.Load(confmap.Provider(first, "\x00"), nil); err != nil {
		return c, Serving{}, err
	}
	if path == "" {
		path = getenv("COLOPHON_CONFIG")
	}
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			var at *fs.PathError
			if errors.As(err, &at) {
				return c, Serving{}, durable.Fault(path, err)
			}
			return c, Serving{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeSettingFile, Args: colophon.Args{"file": path}, Err: err}
		}
		for _, key := range k.Keys() {
			key, _, _ = strings.Cut(key, "\x00")
			if !slices.Contains(known, key) {
				return c, Serving{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeSettingUnknown, Args: colophon.Args{"file": path, "setting": key}}
			}
		}
	}
	filed := k.Copy()
	for _, m := range []map[string]any{env, given} {
		if err := k.Load(confmap.Provider(m, "\x00"), nil); err != nil {
			return c, Serving{}, err
		}
	}
	var v Serving
	if err := v.read(k); err != nil {
		return c, v, err
	}
	c.Producer, c.Language, c.FFmpeg = k.String("producer"), k.String("language"), k.String("ffmpeg")
	for _, s := range append(c.base(), defaults()...) {
		switch s.Origin = "default"; {
		case given[s.Key] != nil:
			s.Origin = "flag"
		case env[s.Key] != nil:
			s.Origin = "environment"
		case filed.String(s.Key) != first[s.Key]:
			s.Origin = "file"
		}
		if s.Value = k.String(s.Key); s.Secret && s.Value != "" {
			s.Value = "***"
		}
		v.Known = append(v.Known, s)
	}
	return c, v, v.complete()
}

// read takes each setting by its tag, so that a value of a wrong form is named.
func (v *Serving) read(k *koanf.Koanf) error {
	fields := reflect.ValueOf(v).Elem()
	for i := range fields.NumField() {
		key := fields.Type().Field(i).Tag.Get("koanf")
		if key == "" {
			continue
		}
		text := k.String(key)
		var err error
		switch f := fields.Field(i).Addr().Interface().(type) {
		case *string:
			*f = text
		case *int:
			*f, err = strconv.Atoi(text)
		case *time.Duration:
			*f, err = time.ParseDuration(text)
		case *GatewaySettings:
			if *f, err = readGateway(k); err != nil {
				return err
			}
		default:
			err = k.Unmarshal(key, f)
		}
		if err != nil {
			return wrongSetting(key, text, err)
		}
	}
	return nil
}

func wrongSetting(key, value string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSetting, Args: colophon.Args{"setting": key, "value": value}, Err: err}
}

// complete fills in what follows from other settings, and refuses what can't be.
func (v *Serving) complete() error {
	for _, f := range []struct {
		at   *string
		name string
	}{{&v.Blobs, "blobs"}, {&v.Log, "log"}, {&v.Keys, "keys"}} {
		if *f.at == "" {
			*f.at = filepath.Join(v.Data, f.name)
		}
	}
	host, _, err := net.SplitHostPort(v.Listen)
	if err != nil {
		return wrongSetting("listen", v.Listen, err)
	}
	if v.PublicURL == "" {
		scheme := "http"
		if v.TLSCert != "" {
			scheme = "https"
		}
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			return wrongSetting("public-url", "", nil)
		}
		v.PublicURL = scheme + "://" + v.Listen
	}
	u, err := url.Parse(v.PublicURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return wrongSetting("public-url", v.PublicURL, err)
	}
	v.PublicURL = u.Scheme + "://" + u.Host
	if v.LogName == "" {
		v.LogName = u.Hostname() + "/log"
		// A log keeps the name that it got at the first start, under whatever address it is reached later.
		if line, err := os.ReadFile(filepath.Join(v.Keys, "log.pub")); err == nil {
			v.LogName, _, _ = strings.Cut(string(line), "+")
		}
	}
	for _, n := range []struct {
		key          string
		value, least int
	}{{"keep-originals", v.KeepOriginals, 0}, {"max-upload", v.MaxUpload, 1}, {"concurrency", v.Concurrency, 1}, {"rate", v.Rate, 1}, {"connections", v.Connections, 1}, {"connections-per-address", v.PerAddress, 1}, {"memory-target", v.MemoryTarget, 64}, {"workers", v.Workers, 1}, {"marking", v.Marking, 0}, {"screen-excerpt", v.Excerpt, 0},
		{"accounts-per-person", v.PerPerson, 0}, {"verification-tries", v.Tries, 1}, {"verification-days", v.Verified, 0}, {"verification-days-phone", v.PhoneKnown, 0}} {
		if n.value < n.least {
			return wrongSetting(n.key, strconv.Itoa(n.value), nil)
		}
	}
	if v.RunParallel < 1 || v.RunParallel > 256 {
		return wrongSetting("run-parallel", strconv.Itoa(v.RunParallel), nil)
	}
	if v.RecallEvery < time.Minute {
		return wrongSetting("recall-every", v.RecallEvery.String(), nil)
	}
	if (v.TLSCert == "") != (v.TLSKey == "") {
		return wrongSetting("tls-key", v.TLSKey, nil)
	}
	if v.Header != "x-forwarded-for" && v.Header != "forwarded" {
		return wrongSetting("proxy-header", v.Header, nil)
	}
	for _, f := range []struct {
		key, value string
		words      []string
	}{{"recalled-uploads", v.Uploads, []string{"flag", "label", "refuse"}}, {"refuted-outgoing", v.Outgoing, []string{"refuse", "case"}}, {"refuted-originals", v.Original, []string{"choice", "never"}}} {
		if !slices.Contains(f.words, f.value) {
			return wrongSetting(f.key, f.value, nil)
		}
	}
	if v.Signed != "refuse" && v.Signed != "mark" {
		return wrongSetting("signed", v.Signed, nil)
	}
	for key, value := range map[string]string{"watermark-functions": v.WatermarkOn, "credential-functions": v.CredentialOn} {
		if _, err := functions(value); err != nil {
			return wrongSetting(key, value, err)
		}
	}
	if _, err := modalities(v.Watermark); err != nil {
		return wrongSetting("watermark", v.Watermark, err)
	}
	for key, value := range map[string]string{"starter-library": v.Starter, "sample-model": v.Sample} {
		if value != "on" && value != "off" {
			return wrongSetting(key, value, nil)
		}
	}
	switch v.Judge {
	case "on", "off":
	case "auto": // without a classifier nothing can look at pictures and sounds, and what nobody looked at does not pass
		v.Judge = "off"
		if len(v.Classifiers) > 0 {
			v.Judge = "on"
		}
	default:
		return wrongSetting("screen-artefacts", v.Judge, nil)
	}
	if v.Admission != "on" && v.Admission != "off" {
		return wrongSetting("admission", v.Admission, nil)
	}
	if v.SealAlgorithm != "SM2" && v.SealAlgorithm != "ES256" {
		return wrongSetting("seal", v.SealAlgorithm, nil)
	}
	_, err = v.retention()
	return err
}

func (v *Serving) retention() (evidence.Retention, error) {
	return evidence.NewRetention(map[evidence.Class]int{evidence.ClassLog: v.KeepLogs, evidence.ClassAssessment: v.KeepReviews})
}

// providerName is how notices call the provider: by the code in its labels where nothing else is set.
func (v *Serving) providerName(producer string) string { return cmp.Or(v.Provider, producer) }

func (v *Serving) keyConfig() keys.Config {
	return keys.Config{Dir: v.Keys, Origin: v.LogName, Algorithm: v.seal()}
}

// marking is how many items are marked at the same time.
func (v *Serving) marking() int {
	if v.Marking == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return v.Marking
}

// seal is the algorithm of a new key that seals labels.
func (v *Serving) seal() label.Algorithm {
	if v.SealAlgorithm == "ES256" {
		return label.AlgorithmES256
	}
	return label.AlgorithmSM2
}

func (v *Serving) proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range strings.FieldsFunc(v.Proxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if addr, wrong := netip.ParseAddr(text); err != nil && wrong == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, wrongSetting("trusted-proxies", text, err)
		}
		list = append(list, p)
	}
	return list, nil
}
