package colophon_test

import (
	"bytes"
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

const (
	maxFileLines     = 600
	maxFunctionLines = 100
	maxMethods       = 8
	maxPackageFiles  = 15
)

// longFiles may pass the limit of lines, each for a reason.
var longFiles = map[string]string{}

func TestShape(t *testing.T) {
	packages := map[string]int{}
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if !oneEach(s.path) {
			packages[s.pkg]++
		}
		if s.file.Doc != nil && len(s.file.Doc.Text()) > 60 {
			documented[s.pkg] = true
		}
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > maxFileLines && longFiles[s.path] == "" {
			t.Errorf("%s has %d lines; %d is the limit: split it by concern", s.path, lines, maxFileLines)
		}
		for _, decl := range s.file.Decls {
			shapeOf(t, s, decl)
		}
	}
	for pkg, files := range packages {
		if files > maxPackageFiles {
			t.Errorf("%s has %d files; %d is the limit: it is more than one package", pkg, files, maxPackageFiles)
		}
		if !documented[pkg] {
			t.Errorf("%s has no package comment worth the name", pkg)
		}
	}
}

// oneEach reports whether a file holds one command, one page, the routes of one capability, the calls to one or the wiring of one subsystem. There are
// as many of these as the program has such things, so they do not count as a sign that a package is too many things at once.
func oneEach(file string) bool {
	pkg, name := path.Split(file)
	prefix := map[string]string{"internal/cli/": "cmd_", "internal/console/": "page_", "internal/app/": "wire_", "internal/httpapi/": "on_"}[pkg]
	return prefix != "" && strings.HasPrefix(name, prefix) || pkg == "client/"
}

func shapeOf(t *testing.T, s source, decl ast.Decl) {
	t.Helper()
	switch d := decl.(type) {
	case *ast.FuncDecl:
		lines := s.fset.Position(d.End()).Line - s.fset.Position(d.Pos()).Line + 1
		if lines > maxFunctionLines {
			t.Errorf("%s: %s has %d lines; %d is the limit", s.path, d.Name.Name, lines, maxFunctionLines)
		}
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			t.Errorf("%s: exported %s has no comment", s.path, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if ts, ok := spec.(*ast.TypeSpec); ok {
				if ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil && ts.Comment == nil {
					t.Errorf("%s: exported type %s has no comment", s.path, ts.Name.Name)
				}
				if it, ok := ts.Type.(*ast.InterfaceType); ok && len(it.Methods.List) > maxMethods {
					t.Errorf("%s: interface %s has %d methods; %d is the limit", s.path, ts.Name.Name, len(it.Methods.List), maxMethods)
				}
			}
			if vs, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.CONST && d.Doc == nil && vs.Doc == nil && vs.Comment == nil && vs.Names[0].IsExported() {
				t.Errorf("%s: exported constant %s has no comment", s.path, vs.Names[0].Name)
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|not implemented)\b`)

// TestUnfinished finds the words of work that was left, outside this file.
func TestUnfinished(t *testing.T) {
	for _, s := range sources(t) {
		if s.path == "shape_test.go" {
			continue
		}
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		if word := unfinished.Find(text); word != nil {
			t.Errorf("%s says %s", s.path, word)
		}
		if s.test && (strings.Contains(string(text), "t.Skip") || strings.Contains(string(text), "time.Sleep")) {
			t.Errorf("%s skips or sleeps", s.path)
		}
	}
}
