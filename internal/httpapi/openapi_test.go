package httpapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/colophon-project/colophon/api"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/npmtest"
)

var update = flag.Bool("update", false, "write api/openapi.yaml")

const exported = "../../api/openapi.yaml"

// TestOpenAPIIsExported compares the file with what the table describes.
func TestOpenAPIIsExported(t *testing.T) {
	t.Parallel()
	made, err := httpapi.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(exported, made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made, api.OpenAPI()) {
		t.Error("api/openapi.yaml is not what the table of routes describes; run this test with -update")
	}
}

type schema struct {
	Ref         string            `yaml:"$ref"`
	Description string            `yaml:"description"`
	Properties  map[string]schema `yaml:"properties"`
}

// TestOpenAPISaysEnough looks for what a reader of the description would miss.
func TestOpenAPISaysEnough(t *testing.T) {
	t.Parallel()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `yaml:"operationId"`
			Summary     string
			Tags        []string
			Parameters  []struct{ Name, Description string }
			Responses   map[string]any
			Security    []map[string][]string
		}
		Components struct{ Schemas map[string]schema }
	}
	if err := yaml.Unmarshal(api.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	described := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			described++
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || op.Responses["500"] == nil || len(op.Security) > 0 && (op.Responses["401"] == nil || op.Responses["403"] == nil) {
				t.Errorf("%s %s: %+v", method, path, op)
			}
			for _, p := range op.Parameters {
				if p.Description == "" {
					t.Errorf("%s %s: parameter %s is not described", method, path, p.Name)
				}
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		for field, f := range s.Properties {
			if f.Description == "" && f.Ref == "" {
				t.Errorf("%s.%s is not described", name, field)
			}
		}
	}
	if described != len(httpapi.Table()) {
		t.Errorf("%d operations are described, and %d are in the table", described, len(httpapi.Table()))
	}
}

// TestOpenAPIIsValid has a validator of others read the file, and one that is broken.
func TestOpenAPIIsValid(t *testing.T) {
	t.Parallel()
	dir, err := install()
	if err != nil {
		t.Fatalf("the validator can't be installed; node and npm are needed: %v", err)
	}
	validate := func(text []byte) (string, error) {
		file := filepath.Join(t.TempDir(), "openapi.yaml")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "node", "validate.mjs", file)
		cmd.Dir = dir
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	if said, err := validate(api.OpenAPI()); err != nil {
		t.Errorf("%v: %.2000s", err, said)
	}
	broken := strings.Replace(string(api.OpenAPI()), "in: query", "in: nowhere", 1)
	if _, err := validate([]byte(broken)); err == nil {
		t.Error("the validator takes anything")
	}
}

// TestReference reads the page as a browser would that keeps to its policy: one style, whose digest the policy names, no
// script, and every operation.
func TestReference(t *testing.T) {
	t.Parallel()
	page, policy := httpapi.Reference()
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("%s does not let the style be", policy)
	}
	if strings.Contains(page, "<script") || strings.Contains(page, " style=") || strings.Contains(page, "`") || strings.Contains(page, "%!") {
		t.Error("there is something on the page that does not belong there")
	}
	for _, row := range httpapi.Table() {
		if !strings.Contains(page, ">"+row.Method+" "+row.Path+"<") {
			t.Errorf("%s %s is not on the page", row.Method, row.Path)
		}
	}
}

// install puts the validator and what it needs into the user's cache.
func install() (string, error) {
	return npmtest.Install("openapi", filepath.Join("testdata", "openapi"), "validate.mjs")
}
