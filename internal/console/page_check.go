package console

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/checker"
	"github.com/colophon-project/colophon/internal/console/qr"
)

//go:embed built
var builtFiles embed.FS

const (
	checkPath  = "/check"
	readerFile = "reader.js"    // the worker
	wasmFile   = "checker.wasm" // what it runs
)

func checkPages() []page {
	return []page{
		{method: get, path: checkPath, who: anybody, title: "page-check", about: "page-check-about", menu: true, words: checkWords(), allow: allowChecker, do: showCheck},
		{method: get, path: checkPath + "/code.svg", who: anybody, back: checkPath, do: showCode},
		{method: get, path: checkPath + "/offline.js", who: anybody, back: checkPath, do: serveOffline},
	}
}

// loadChecker adds the reader of files to the static files: the worker, behind the script that Go's programs need, and the
// program itself. A build without it has neither.
func (c *console) loadChecker() error {
	packed, err := builtFiles.ReadFile("built/" + wasmFile + ".gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	runtime, err2 := builtFiles.ReadFile("built/wasm_exec.js")
	reader, err3 := staticFiles.ReadFile("static/" + readerFile)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	worker := slices.Concat(runtime, []byte("\n"), reader)
	c.keepStatic(readerFile, worker, asset{kind: "text/javascript; charset=utf-8", text: worker, packed: pack(worker), policy: workerPolicy})
	c.keepStatic(wasmFile, packed, asset{kind: "application/wasm", packed: packed})
	return nil
}

// workerPolicy says what the worker that reads files may do: run the program, and fetch it from here.
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// allowChecker lets a page start the worker that reads files, and show the picture that was chosen.
func allowChecker(h http.Header) {
	h.Set("Content-Security-Policy", checking(policy, "trusted-types colophon-checker colophon-offline"))
}

// allowLiveChecker is the same for a page of the staff.
func allowLiveChecker(h http.Header) {
	h.Set("Content-Security-Policy", checking(policy, "trusted-types htmx colophon-checker"))
}

func checking(policy, types string) string {
	policy = strings.Replace(policy, "img-src 'self'", "img-src 'self' blob:; worker-src 'self'", 1)
	return strings.Replace(policy, "trusted-types 'none'", types, 1)
}

// checkerView is what an element needs from which a script starts the reader: the template "checker" writes it.
type checkerView struct {
	Language             string
	Keys, Code, Provider string
	Built                bool
}

func (v *visit) checker() checkerView {
	return checkerView{string(v.lang), string(v.Seals), v.ProviderCode, v.ProviderName, v.address[wasmFile] != ""}
}

type checkPage struct {
	Checker       checkerView
	Address       string
	Told, Answers []string
	Verdicts      []string
}

// checkTold are the cases of what the register tells.
func checkTold() []string {
	return []string{"same", "other", "known", "unknown", "stopped", "erased", "failed"}
}

func checkAnswers() (names []string) {
	for _, a := range checker.Answers() {
		names = append(names, string(a))
	}
	return names
}

func checkWords() (words []string) {
	for _, t := range checkTold() {
		words = append(words, "page-check-told-"+t)
	}
	words = append(words, of("refutation-verdict-", rumourVerdicts()...)...)
	for _, a := range checkAnswers() {
		words = append(words, "page-check-is-"+a, "page-check-is-about-"+a)
	}
	return words
}

func showCheck(v *visit) error {
	return v.show("check", checkPage{v.checker(), v.Origin + checkPath, checkTold(), checkAnswers(), rumourVerdicts()})
}

// showCode draws the address of the page, so that somebody can go on with a phone.
func showCode(v *visit) error {
	text, err := qr.SVG(v.Origin + checkPath)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "image/svg+xml")
	v.w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = v.w.Write(text) // a browser that went away is nobody's error
	return nil
}

// serveOffline is the script by which the page goes on without a network. Its name for what it keeps changes with the files.
func serveOffline(v *visit) error {
	var files []string
	for _, name := range []string{"console.css", "seal.svg", "checker.js", "check.js", readerFile, wasmFile} {
		if address := v.address[name]; address != "" {
			files = append(files, address)
		}
	}
	digests := strings.Join(files, " ")
	list, err := json.Marshal(map[string]any{"name": "check " + digests, "page": checkPath, "files": files})
	if err != nil {
		return err
	}
	script, err := staticFiles.ReadFile("static/offline.js")
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	v.w.Header().Set("Content-Security-Policy", workerPolicy)
	v.w.Header().Set("Cache-Control", "no-cache")
	v.w.Header().Set("Service-Worker-Allowed", checkPath)
	_, _ = v.w.Write(slices.Concat([]byte("const keep = "), list, []byte(";\n"), script)) // a browser that went away is nobody's error
	return nil
}
