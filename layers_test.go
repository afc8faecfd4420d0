package colophon_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/colophon-project/colophon"

// layers assigns each package, named by its path in the module, to a layer. A package inside a listed one belongs to the
// family of that one. A package that is in no family fails the test: a newcomer is placed here, on purpose.
var layers = []struct {
	level    int
	families []string
}{
	{11, []string{"cmd/colophon"}},
	{10, []string{"internal/cli", "internal/clients"}},
	{9, []string{"internal/app", "internal/inspect"}},
	{8, []string{"internal/console"}},
	{7, []string{"internal/store", "internal/blob", "internal/job", "internal/tlog", "internal/probe", "internal/document", "internal/classify", "internal/detect", "internal/verify", "internal/oidc", "internal/httpapi", "internal/edge", "internal/keys", "internal/telemetry", "internal/timestamp", "internal/sample", "internal/browser", "client"}},
	{6, []string{"gateway", "intake"}},
	{5, []string{"admission", "desk", "refutation", "review", "duty", "production"}},
	{4, []string{"artefact", "stamp", "moderation", "identity", "consent", "standing", "agreement", "staff", "register", "incident", "internal/link", "internal/webhook", "internal/checker"}},
	{3, []string{"label", "notice", "watermark", "credential", "screen"}},
	{2, []string{"internal/browsertest", "evidence", "internal/picture", "internal/ffmpeg"}},
	{1, []string{"internal/media", "internal/durable", "internal/locale", "internal/npmtest", "internal/progress", "internal/workday"}},
	{0, []string{".", "api"}},
}

// source is one parsed file.
type source struct {
	path    string // slash-separated, relative to the module
	pkg     string // folder
	test    bool
	fset    *token.FileSet
	file    *ast.File
	imports []string
}

// sources parses every Go file of the module, without other modules inside it and without testdata.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." {
				if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") {
					return filepath.SkipDir
				}
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(p), pkg: path.Dir(filepath.ToSlash(p)), test: strings.HasSuffix(p, "_test.go"), fset: fset, file: f}
		for _, imp := range f.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		list = append(list, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 20 {
		t.Fatalf("only %d Go files were found", len(list))
	}
	return list
}

// place returns the layer and family of a package folder.
func place(pkg string) (level int, family string, ok bool) {
	for _, l := range layers {
		for _, f := range l.families {
			if pkg == f || f != "." && strings.HasPrefix(pkg, f+"/") {
				return l.level, f, true
			}
		}
	}
	if strings.HasPrefix(pkg, "cmd/") {
		return 11, pkg, true
	}
	return 0, "", false
}

func testSupport(pkg string) bool { return strings.HasSuffix(pkg, "test") }

func TestImportsPointDownward(t *testing.T) {
	for _, s := range sources(t) {
		level, family, ok := place(s.pkg)
		if !ok {
			t.Errorf("%s: package %s has no layer; add it to the table in layers_test.go", s.path, s.pkg)
			continue
		}
		if s.test {
			continue
		}
		for _, imp := range s.imports {
			rel, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			target := strings.TrimPrefix(rel, "/")
			if target == "" {
				target = "."
			}
			to, toFamily, ok := place(target)
			if !ok || toFamily == family {
				continue
			}
			if to >= level {
				t.Errorf("%s (layer %d) imports %s (layer %d): imports point strictly downward, and neighbours are strangers", s.path, level, target, to)
			}
			if testSupport(target) && !testSupport(s.pkg) {
				t.Errorf("%s imports %s, which is for tests", s.path, target)
			}
		}
	}
}

func TestRestrictedImports(t *testing.T) {
	within := func(pkg string, families ...string) bool {
		for _, f := range families {
			if pkg == f || strings.HasPrefix(pkg, f+"/") {
				return true
			}
		}
		return false
	}
	for _, s := range sources(t) {
		if s.test || testSupport(s.pkg) {
			continue
		}
		level, _, _ := place(s.pkg)
		for _, imp := range s.imports {
			switch {
			case s.pkg == "." && (strings.Contains(imp, ".") || imp == "os" || imp == "net/http"):
				t.Errorf("%s imports %s: the root package is vocabulary and takes the standard library alone, without os and net/http", s.path, imp)
			case imp == "database/sql" && !within(s.pkg, "internal/store", "internal/job"):
				t.Errorf("%s imports database/sql: SQL lives in internal/store and internal/job", s.path)
			case imp == "html/template" && !within(s.pkg, "internal/console", "internal/document"):
				t.Errorf("%s imports html/template: pages live in internal/console and internal/document", s.path)
			case imp == "os/exec" && !within(s.pkg, "internal/ffmpeg"):
				t.Errorf("%s imports os/exec: processes are started by internal/ffmpeg", s.path)
			case imp == "os" && level <= 6 && !within(s.pkg, "internal/ffmpeg", "internal/durable"):
				t.Errorf("%s imports os: capabilities take readers and values, not paths", s.path)
			case imp == "testing":
				t.Errorf("%s imports testing outside tests", s.path)
			case (imp == "math/rand" || imp == "math/rand/v2") && level <= 6:
				t.Errorf("%s imports %s: randomness is a constructor parameter", s.path, imp)
			case strings.HasPrefix(imp, module+"/internal/app") && !within(s.pkg, "internal/app", "internal/cli"):
				t.Errorf("%s imports internal/app: only the command line does", s.path)
			case imp == module+"/internal/cli" && s.pkg != "cmd/colophon":
				t.Errorf("%s imports internal/cli: only cmd/colophon does", s.path)
			}
		}
	}
}

func TestNoHiddenState(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || testSupport(s.pkg) {
			continue
		}
		level, _, _ := place(s.pkg)
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					t.Errorf("%s: func init hides work from the reader", s.path)
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					checkVars(t, s, d)
				}
			}
		}
		if level > 6 {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if ok && (pkg.Name == "time" && sel.Sel.Name == "Now" || pkg.Name == "os" && (sel.Sel.Name == "Getenv" || sel.Sel.Name == "LookupEnv") || pkg.Name == "rand" && sel.Sel.Name == "Reader") {
				t.Errorf("%s: %s.%s: time, randomness and environment are constructor parameters", s.fset.Position(n.Pos()), pkg.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

// checkVars allows package variables that nothing changes: interface assertions, embedded files, compiled patterns,
// sentinel errors, and tables of values, which only a composite literal or a call makes and no statement assigns.
func checkVars(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for _, name := range v.Names {
			if name.Name == "_" || d.Doc != nil && strings.Contains(d.Doc.Text()+commentText(d.Doc), "go:embed") {
				continue
			}
			if name.IsExported() && !strings.HasPrefix(name.Name, "Err") {
				t.Errorf("%s: package variable %s is exported, so anybody may change it", s.path, name.Name)
			}
			if len(v.Values) == 0 {
				t.Errorf("%s: package variable %s has no value of its own, so something sets it", s.path, name.Name)
			}
			if assigned(s.file, name.Name) {
				t.Errorf("%s: package variable %s is assigned to", s.path, name.Name)
			}
		}
	}
}

func commentText(group *ast.CommentGroup) string {
	var b strings.Builder
	for _, c := range group.List {
		b.WriteString(c.Text)
	}
	return b.String()
}

// assigned reports whether a function of the file assigns to a name that it does not declare itself.
func assigned(f *ast.File, name string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || a.Tok == token.DEFINE {
			return true
		}
		for _, lhs := range a.Lhs {
			if index, ok := lhs.(*ast.IndexExpr); ok {
				lhs = index.X
			}
			if id, ok := lhs.(*ast.Ident); ok && id.Name == name {
				found = true
			}
		}
		return true
	})
	return found
}
