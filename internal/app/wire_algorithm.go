package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/register"
)

// CodeNothingServes says that an algorithm names no function and no model, or one that is not there.
const CodeNothingServes colophon.Code = "algorithm-nothing-serves" // arg "name"

// serving knows what serves algorithms: the models of their functions as the register describes them, and the places to which
// the gateway sends calls of their models.
type serving struct{ *Server }

type servedFunction struct {
	ID, Kind, State string
	Models          []servedModel
}

type servedModel struct {
	Name, Version, Digest string
	Own                   bool
}

type servedPlace struct{ Name, Digest string }

// Serves implements algorithm.Source.
func (v serving) Serves(ctx context.Context, functions, models []string) (string, error) {
	said := struct {
		Functions []servedFunction
		Models    []servedPlace
	}{}
	for _, id := range slices.Sorted(slices.Values(functions)) {
		f, err := v.functions.Function(ctx, id)
		if err != nil {
			return "", err
		}
		one := servedFunction{ID: id, Kind: f.Kind}
		if f.State == register.Retired {
			one.State = string(f.State)
		}
		for _, m := range f.Models {
			one.Models = append(one.Models, servedModel{m.Name, m.Version, m.Digest, m.Own})
		}
		said.Functions = append(said.Functions, one)
	}
	for _, name := range slices.Sorted(slices.Values(models)) {
		digest, err := v.place(name)
		if err != nil {
			return "", err
		}
		said.Models = append(said.Models, servedPlace{name, digest})
	}
	if len(functions)+len(models) == 0 {
		return "", nothingServes("")
	}
	return servingDigest(said)
}

func nothingServes(name string) error {
	return &colophon.Error{Kind: colophon.Missing, Code: CodeNothingServes, Args: colophon.Args{"name": name}}
}

func servingDigest(v any) (string, error) {
	raw, err := evidence.Canonical(v)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}

// place is the digest of where a model of the gateway is served: that of assessment runs where one can be made with it.
func (v serving) place(name string) (string, error) {
	if _, digest, err := v.assessed(name); err == nil {
		return digest, nil
	}
	i := slices.IndexFunc(v.models.pooled, func(m GatewayModel) bool { return m.Name == name })
	if i < 0 {
		return "", nothingServes(name)
	}
	m := v.models.pooled[i]
	type target struct{ URL, Model, Dialect string }
	said := struct {
		Name, Service, Function, Class string
		Targets                        []target
	}{m.Name, m.Service, m.Function, string(m.Class), nil}
	for _, t := range m.Targets {
		if i >= len(v.set.Gateway.Models) {
			t.URL = "sample" // served at another address each time
		}
		said.Targets = append(said.Targets, target{t.URL, t.Model, string(t.Dialect)})
	}
	return servingDigest(said)
}

// watchAlgorithms writes down what serves algorithms since the last look. The log of the process warns where something serves
// that nobody declared.
func (s *Server) watchAlgorithms(ctx context.Context) error {
	list, err := s.corpora.algorithms.Watch(ctx)
	for _, c := range list {
		if c.Before != "" && c.Version == "" {
			s.log.WarnContext(ctx, "an algorithm is served by something that is no declared version", "algorithm", c.Algorithm)
		}
	}
	return err
}
