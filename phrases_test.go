package colophon_test

import (
	"cmp"
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// gap stands in a phrase where the program puts a value.
const gap = "{}"

var verb = regexp.MustCompile(`%[0-9.]*[a-zA-Z]`)

// scene is where an expression stands: a file, and the function around it, which is nil for a package's declarations.
type scene struct {
	source
	decl *ast.FuncDecl
}

// words is what an expression may be, and where it is written.
type words struct {
	text string
	at   token.Position
}

// call is one call with its surroundings.
type call struct {
	scene
	expr *ast.CallExpr
}

// reader follows the values of arguments back to the literals that they come from. It knows names, not types: where two
// functions, fields or variables of a package share a name, the values of both are taken.
type reader struct {
	scenes   []scene
	calls    map[string][]call // by the name that is called
	codes    []words           // what a colophon.Code of an error may be, when it is told as a rule
	resolved map[string][]words
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{calls: map[string][]call{}, resolved: map[string][]words{}}
	for _, s := range sources(t) {
		if s.test || testSupport(s.pkg) {
			continue
		}
		for _, decl := range s.file.Decls {
			in := scene{source: s}
			in.decl, _ = decl.(*ast.FuncDecl)
			r.scenes = append(r.scenes, in)
			if in.decl == nil {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok {
					name := called(c)
					r.calls[name] = append(r.calls[name], call{scene: in, expr: c})
				}
				return true
			})
		}
	}
	en, _ := printers(t)
	for code, file := range constants(t, "Code") {
		if path.Dir(file) == "internal/media" && strings.HasPrefix(code, "media-") && !strings.Contains(en.Raw(code), "{rule}") {
			r.codes = append(r.codes, words{text: code, at: token.Position{Filename: file}})
		}
	}
	return r
}

// called is the last name of what is called.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// gap is the value of an expression that can't be known.
func (in scene) gap(n ast.Node) []words {
	return []words{{text: gap, at: in.fset.Position(n.Pos())}}
}

// walk visits the scene's function or declarations.
func (in scene) walk(visit func(ast.Node)) {
	see := func(n ast.Node) bool {
		visit(n)
		return true
	}
	if in.decl != nil {
		ast.Inspect(in.decl, see)
		return
	}
	for _, decl := range in.file.Decls {
		if _, ok := decl.(*ast.GenDecl); ok {
			ast.Inspect(decl, see)
		}
	}
}

// argument returns the values that the argument name of codes gets anywhere in the module.
func (r *reader) argument(name string) []words {
	var found []words
	take := func(in scene, e ast.Expr) { found = append(found, r.values(in, e)...) }
	for _, in := range r.scenes {
		if in.decl == nil {
			continue
		}
		in.walk(func(n ast.Node) {
			switch n := n.(type) {
			case *ast.CallExpr:
				if in.pkg == "internal/console" { // its calls name columns, fields and values of pages; its errors have literal arguments
					return
				}
				for i, a := range n.Args[:max(0, len(n.Args)-1)] {
					if text(a) == name && called(n) != "Say" && n.Ellipsis == token.NoPos {
						take(in, n.Args[i+1])
					}
				}
			case *ast.CompositeLit:
				if typeName(n.Type) != "colophon.Args" {
					return
				}
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && text(kv.Key) == name {
						take(in, kv.Value)
					}
				}
			case *ast.AssignStmt:
				if at, ok := n.Lhs[0].(*ast.IndexExpr); ok && text(at.Index) == name && len(n.Lhs) == 1 {
					take(in, n.Rhs[0])
				}
			}
		})
	}
	return tidy(found)
}

// text is the value of a string literal, and empty for any other expression.
func text(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	value, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return value
}

// values returns what an expression may be, with gaps for what can't be known.
func (r *reader) values(in scene, e ast.Expr) []words {
	switch e := e.(type) {
	case *ast.BasicLit:
		return []words{{text: text(e), at: in.fset.Position(e.Pos())}}
	case *ast.ParenExpr:
		return r.values(in, e.X)
	case *ast.BinaryExpr:
		var all []words
		for _, a := range r.values(in, e.X) {
			for _, b := range r.values(in, e.Y) {
				all = append(all, words{text: a.text + b.text, at: a.at})
			}
		}
		return tidy(all)
	case *ast.Ident:
		return r.once(in, e.Name, func() []words { return r.variable(in, e) })
	case *ast.SelectorExpr:
		return r.once(scene{source: in.source}, "."+e.Sel.Name, func() []words { return r.member(in, e) })
	case *ast.CallExpr:
		return r.result(in, e, 0)
	case *ast.IndexExpr:
		if text(e.Index) != "" {
			return nil // an argument of another error, which is told where it is made
		}
	}
	return in.gap(e)
}

// once guards against recursion and repetition.
func (r *reader) once(in scene, name string, find func() []words) []words {
	key := in.pkg + "/" + name
	if in.decl != nil {
		key = in.path + "/" + strconv.Itoa(int(in.decl.Pos())) + "/" + name
	}
	if known, ok := r.resolved[key]; ok {
		return known
	}
	r.resolved[key] = nil
	r.resolved[key] = tidy(find())
	return r.resolved[key]
}

// tidy drops repetitions and what is empty. What is wholly unknown stays once for each place.
func tidy(values []words) []words {
	slices.SortFunc(values, func(a, b words) int {
		return cmp.Or(strings.Compare(a.text, b.text), strings.Compare(a.at.String(), b.at.String()))
	})
	values = slices.CompactFunc(values, func(a, b words) bool { return a.text == b.text && (a.text != gap || a.at == b.at) })
	return slices.DeleteFunc(values, func(v words) bool { return v.text == "" })
}

// variable returns the values of a parameter, a local variable or a constant of the package.
func (r *reader) variable(in scene, id *ast.Ident) []words {
	if in.decl != nil {
		if i := position(in.decl.Type.Params, id.Name); i >= 0 {
			return r.arguments(in, i)
		}
		if values, ok := r.assigned(in, id.Name); ok {
			return values
		}
	}
	for _, other := range r.scenes {
		if other.pkg != in.pkg || other.decl != nil {
			continue
		}
		if values, ok := r.assigned(other, id.Name); ok {
			return values
		}
	}
	return in.gap(id)
}

// position is the index of a parameter or result, and -1 where there is none of the name.
func position(fields *ast.FieldList, name string) int {
	at := 0
	if fields == nil {
		return -1
	}
	for _, f := range fields.List {
		for _, id := range f.Names {
			if id.Name == name {
				return at
			}
			at++
		}
	}
	return -1
}

// assigned collects what a scene assigns to a name; ok is false when it assigns nothing.
func (r *reader) assigned(in scene, name string) (values []words, ok bool) {
	in.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if id, is := l.(*ast.Ident); is && id.Name == name {
					values, ok = append(values, r.right(in, n.Rhs, i)...), true
				}
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if id.Name == name && len(n.Values) > 0 {
					values, ok = append(values, r.right(in, n.Values, i)...), true
				}
			}
		case *ast.RangeStmt:
			for _, l := range []ast.Expr{n.Key, n.Value} {
				if id, is := l.(*ast.Ident); is && id.Name == name {
					values, ok = append(values, in.gap(n)...), true
				}
			}
		case *ast.FuncLit:
			if position(n.Type.Params, name) >= 0 {
				values, ok = append(values, in.gap(n)...), true
			}
		}
	})
	return values, ok
}

// right returns the values of the i-th of several right sides, or of the i-th result of one.
func (r *reader) right(in scene, rhs []ast.Expr, i int) []words {
	if i < len(rhs) && len(rhs) > 1 || i == 0 {
		return r.values(in, rhs[i])
	}
	if c, ok := rhs[0].(*ast.CallExpr); ok {
		return r.result(in, c, i)
	}
	return in.gap(rhs[0])
}

// member returns the values of a constant of another package, or of a field.
func (r *reader) member(in scene, e *ast.SelectorExpr) []words {
	if x, ok := e.X.(*ast.Ident); ok {
		for _, imp := range in.imports {
			rel, ours := strings.CutPrefix(imp, module+"/")
			if path.Base(imp) != x.Name {
				continue
			}
			if !ours {
				return in.gap(e)
			}
			for _, other := range r.scenes {
				if other.pkg == rel && other.decl == nil {
					if values, ok := r.assigned(other, e.Sel.Name); ok {
						return values
					}
				}
			}
		}
	}
	if e.Sel.Name == "Code" {
		return slices.Clone(r.codes)
	}
	var values []words
	for _, other := range r.scenes {
		if other.pkg == in.pkg {
			values = append(values, r.field(other, e.Sel.Name)...)
		}
	}
	if len(values) == 0 {
		return in.gap(e)
	}
	return values
}

// field returns what a scene puts into fields of a name.
func (r *reader) field(in scene, name string) (values []words) {
	in.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if s, ok := l.(*ast.SelectorExpr); ok && s.Sel.Name == name {
					values = append(values, r.right(in, n.Rhs, i)...)
				}
			}
		case *ast.CompositeLit:
			at := r.fieldIndex(in, typeName(n.Type), name)
			for i, e := range n.Elts {
				kv, keyed := e.(*ast.KeyValueExpr)
				if keyed {
					if id, ok := kv.Key.(*ast.Ident); ok && id.Name == name {
						values = append(values, r.values(in, kv.Value)...)
					}
				} else if i == at {
					values = append(values, r.values(in, e)...)
				}
			}
		}
	})
	return values
}

func (r *reader) fieldIndex(in scene, typ, name string) int {
	at := -1
	for _, other := range r.scenes {
		if other.pkg != in.pkg || other.decl != nil || typ == "" {
			continue
		}
		other.walk(func(n ast.Node) {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == typ {
				if st, ok := spec.Type.(*ast.StructType); ok {
					at = position(st.Fields, name)
				}
			}
		})
	}
	return at
}

// result returns the values of the i-th result of a call. The parameters of what is called are not followed.
func (r *reader) result(in scene, c *ast.CallExpr, i int) []words {
	name := called(c)
	if name == "string" && len(c.Args) == 1 {
		return r.values(in, c.Args[0])
	}
	if name == "Sprintf" {
		return []words{{text: verb.ReplaceAllString(text(c.Args[0]), gap), at: in.fset.Position(c.Pos())}}
	}
	var values []words
	for _, other := range r.scenes {
		if other.pkg != in.pkg || other.decl == nil || other.decl.Name.Name != name {
			continue
		}
		values = append(values, r.once(other, "return "+strconv.Itoa(i), func() []words { return r.returned(other, i) })...)
	}
	if len(values) == 0 {
		return in.gap(c)
	}
	return values
}

func (r *reader) returned(in scene, i int) (values []words) {
	one := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && position(in.decl.Type.Params, id.Name) >= 0 {
			values = append(values, in.gap(e)...)
			return
		}
		values = append(values, r.values(in, e)...)
	}
	in.walk(func(n ast.Node) {
		ret, ok := n.(*ast.ReturnStmt)
		if !ok {
			return
		}
		if i < len(ret.Results) {
			one(ret.Results[i])
		}
	})
	results := in.decl.Type.Results
	if results != nil && i < len(results.List) && len(results.List[0].Names) > 0 {
		for _, f := range results.List {
			for _, id := range f.Names {
				if position(results, id.Name) == i {
					if more, ok := r.assigned(in, id.Name); ok {
						values = append(values, more...)
					}
				}
			}
		}
	}
	return values
}

// arguments returns what the callers of a function give as its i-th parameter.
func (r *reader) arguments(in scene, i int) (values []words) {
	name, method := in.decl.Name.Name, in.decl.Recv != nil
	for _, c := range r.calls[name] {
		if i >= len(c.expr.Args) || len(c.expr.Args) != in.decl.Type.Params.NumFields() && !variadic(in.decl) {
			continue
		}
		sel, qualified := c.expr.Fun.(*ast.SelectorExpr)
		switch {
		case c.pkg == in.pkg:
			if qualified != method {
				continue
			}
		case !ast.IsExported(name) || !qualified || !slices.Contains(c.imports, module+"/"+in.pkg):
			continue
		case !method:
			if x, ok := sel.X.(*ast.Ident); !ok || x.Name != path.Base(in.pkg) {
				continue
			}
		}
		values = append(values, r.values(c.scene, c.expr.Args[i])...)
	}
	return values
}

func variadic(d *ast.FuncDecl) bool {
	list := d.Type.Params.List
	_, ok := list[len(list)-1].Type.(*ast.Ellipsis)
	return ok
}

// unsaid are the files whose unknown values need no phrase of their own, each for a reason, with the literals of the file
// that such a value may be.
func unsaid() map[string][]string {
	return map[string][]string{
		// The sentence of provider-code has no rule.
		"label/parse.go": nil,
		// The errors of inflate.
		"internal/media/archive/part.go": {"deflated data are cut short", "deflated data are damaged", "deflated data are longer than declared"},
	}
}

// technical are words of formats' own that look like English ones.
const technical = " cdsc cmov co64 ctts data dref elst fmt iinf iloc ilst infe iref keys mdat mdhd meta moov pitm sidx startxref" +
	" stbl stco stsc stsd stss stsz stts tkhd trak uuid "

// english reports whether a value has a word that is no format's own.
func english(value string) bool {
	for _, word := range strings.Fields(strings.ReplaceAll(value, gap, " ")) {
		word = strings.Trim(word, `,;:"'()`)
		lower := len(word) > 1 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-'") == ""
		if lower && !strings.Contains(technical, " "+word+" ") {
			return true
		}
	}
	return false
}

// reachable returns the packages that the program is linked from: only their words reach a person.
func reachable(t *testing.T) map[string]bool {
	t.Helper()
	imports := map[string][]string{}
	for _, s := range sources(t) {
		if !s.test {
			imports[s.pkg] = append(imports[s.pkg], s.imports...)
		}
	}
	found := map[string]bool{}
	var visit func(pkg string)
	visit = func(pkg string) {
		if found[pkg] {
			return
		}
		found[pkg] = true
		for _, imp := range imports[pkg] {
			if rel, ours := strings.CutPrefix(imp, module+"/"); ours {
				visit(rel)
			}
		}
	}
	visit("cmd/colophon")
	return found
}

// TestEveryPhraseHasChinese follows the arguments of codes that carry English words to the literals in the sources, and
// holds the catalogue of phrases to them: nothing is missing, and nothing is left over.
func TestEveryPhraseHasChinese(t *testing.T) {
	_, zh := printers(t)
	r := newReader(t)
	foreign := unsaid()
	reached := reachable(t)
	for arg, entries := range zh.Phrases() {
		if arg == "reason" {
			continue // TestEveryReasonHasChinese
		}
		used := map[string]bool{}
		found := r.argument(arg)
		for _, w := range found {
			list, known := foreign[w.at.Filename]
			switch {
			case w.text == gap && known && arg == "rule":
				source, err := os.ReadFile(w.at.Filename)
				if err != nil {
					t.Fatal(err)
				}
				for _, phrase := range list {
					used[phrase] = strings.Contains(string(source), strconv.Quote(phrase))
				}
				continue
			case w.text == gap && arg == "rule" && !reached[path.Dir(filepath.ToSlash(w.at.Filename))]:
				continue
			case w.text == gap && arg == "rule":
				t.Errorf("%s: this may become a rule in a sentence, and nobody knows its words: give a literal", w.at)
				continue
			}
			said, key := zh.Phrase(arg, strings.ReplaceAll(w.text, gap, "\u00a7"))
			used[key] = true
			needed := english(w.text)
			if arg == "place" {
				needed = strings.Contains(w.text, " of ") // any other is an identifier
			}
			if key == "" && needed && reached[path.Dir(filepath.ToSlash(w.at.Filename))] {
				t.Errorf("%s: %s %q has no Chinese in internal/locale/phrases.zh.json", w.at, arg, w.text)
			}
			if a, b := strings.Count(w.text, gap), strings.Count(said, "\u00a7"); key != "" && a != b {
				t.Errorf("%s: %s %q loses what it is filled with: %s", w.at, arg, w.text, said)
			}
		}
		if len(found) < len(entries)/2 || len(found) == 0 {
			t.Fatalf("only %d values of %s were found", len(found), arg)
		}
		for key, said := range entries {
			if !used[key] {
				t.Errorf("%s %q is said by no source", arg, key)
			}
			if strings.Count(key, gap) != strings.Count(said, gap) {
				t.Errorf("%s %q and %q have different gaps", arg, key, said)
			}
			if !strings.ContainsFunc(said, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s %q: %q is no Chinese", arg, key, said)
			}
		}
	}
}

// saidWhy finds the literals that become the argument "reason": why something was encoded anew.
var saidWhy = regexp.MustCompile(`(?:obstacle|\banew)\("([^"]+)"( \+)?|\breason[A-Z]\w*\s*= "([^"]+)"()`)

// TestEveryReasonHasChinese holds the reasons of the catalogue to those in the sources, both ways.
func TestEveryReasonHasChinese(t *testing.T) {
	_, zh := printers(t)
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !strings.HasPrefix(s.pkg, "notice/") {
			continue
		}
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range saidWhy.FindAllStringSubmatch(string(text), -1) {
			reason := cmp.Or(m[1], m[3])
			if m[2] != "" {
				reason += gap
			}
			used[reason] = true
			if _, key := zh.Phrase("reason", strings.ReplaceAll(reason, gap, "\u00a7")); key == "" {
				t.Errorf("%s: the reason %q has no Chinese in internal/locale/phrases.zh.json", s.path, reason)
			}
		}
	}
	if len(used) < 20 {
		t.Fatalf("only %d reasons were found", len(used))
	}
	for reason := range zh.Phrases()["reason"] {
		if !used[reason] {
			t.Errorf("the reason %q is given by no source", reason)
		}
	}
}
