package colophon_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/locale"
)

// constants returns the values of all constants of a type, with the file of each. Types are matched by name, as
// colophon.Code or, in the root package, Code.
func constants(t *testing.T, typ string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, decl := range s.file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.CONST {
				continue
			}
			for _, spec := range d.Specs {
				v := spec.(*ast.ValueSpec)
				if typeName(v.Type) != "colophon."+typ && !(s.pkg == "." && typeName(v.Type) == typ) {
					continue
				}
				for i := range v.Values {
					lit, ok := v.Values[i].(*ast.BasicLit)
					if !ok {
						t.Errorf("%s: constant %s is no literal", s.path, v.Names[i].Name)
						continue
					}
					value, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					if other, twice := found[value]; twice {
						t.Errorf("%s and %s both define %s", other, s.path, value)
					}
					found[value] = s.path
				}
			}
		}
	}
	return found
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	}
	return ""
}

func printers(t *testing.T) (en, zh *locale.Printer) {
	t.Helper()
	en, err := locale.For(locale.English)
	if err != nil {
		t.Fatal(err)
	}
	zh, err = locale.For(locale.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	return en, zh
}

func TestEveryCodeHasSentences(t *testing.T) {
	en, zh := printers(t)
	codes := constants(t, "Code")
	if len(codes) < 20 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for code, file := range codes {
		if !en.Has(code) {
			t.Errorf("%s: %s has no English sentence", file, code)
		}
		if !zh.Has(code) {
			t.Errorf("%s: %s has no Chinese sentence", file, code)
		}
	}
}

func TestLanguagesAgree(t *testing.T) {
	en, zh := printers(t)
	name := regexp.MustCompile(`\{([a-z_]+)(:[a-z-]+)?\}`)
	args := func(s string) []string {
		var found []string
		for _, m := range name.FindAllStringSubmatch(s, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	for _, key := range en.Keys() {
		if !zh.Has(key) {
			t.Errorf("%s is English alone", key)
			continue
		}
		if a, b := args(en.Raw(key)), args(zh.Raw(key)); !slices.Equal(a, b) {
			t.Errorf("%s: English fills %v, Chinese %v", key, a, b)
		}
	}
	for _, key := range zh.Keys() {
		if !en.Has(key) {
			t.Errorf("%s is Chinese alone", key)
		}
	}
}

// TestClauses ties each clause constant to its file in docs/law, to code that cites it, and to a test that names it.
func TestClauses(t *testing.T) {
	names := map[string]string{} // value to constant's name
	all := sources(t)
	texts := map[string]string{}
	for _, s := range all {
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		texts[s.path] = string(text)
	}
	for _, s := range all {
		if s.path != "clause.go" {
			continue
		}
		for _, decl := range s.file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					v := spec.(*ast.ValueSpec)
					value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					names[value] = v.Names[0].Name
				}
			}
		}
	}
	files, err := filepath.Glob("docs/law/*.md")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, f := range files {
		clause := strings.TrimSuffix(filepath.Base(f), ".md")
		have[clause] = true
		if names[clause] == "" && clause != "README" {
			t.Errorf("%s: no constant in clause.go has this value", f)
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if clause != "README" && !strings.Contains(string(text), "https://") {
			t.Errorf("%s gives no address of the official text", f)
		}
	}
	for value, name := range names {
		if !have[value] {
			t.Errorf("%s: docs/law/%s.md is missing", name, value)
		}
		cited, tested := false, false
		for _, s := range all {
			if s.path == "clause.go" || !strings.Contains(texts[s.path], "colophon."+name) {
				continue
			}
			cited, tested = cited || !s.test, tested || s.test
		}
		if !cited {
			t.Errorf("%s is cited by no code", name)
		}
		if !tested {
			t.Errorf("%s is named by no test", name)
		}
	}
}
