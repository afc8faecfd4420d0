package cli_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// TestReadme runs the commands of both READMEs as they stand there, on sample files of the names that they use.
func TestReadme(t *testing.T) {
	t.Parallel()
	for _, readme := range []string{"../../README.md", "../../README.zh-CN.md"} {
		text, err := os.ReadFile(readme)
		if err != nil {
			t.Fatal(err)
		}
		files, _, _ := strings.Cut(string(text), serverHeading(readme))
		script := commands(files)
		if len(script) < 6 {
			t.Fatalf("%s: only %d commands were found", readme, len(script))
		}
		dir := t.TempDir()
		place(t, dir, "sample.png", "picture.png")
		place(t, dir, "sample.mp4", "upload.mp4")
		place(t, dir, "sample.mp4", "film.mp4")
		place(t, dir, "sample.jpg", "generated/one/photo.jpg")
		place(t, dir, "sample.docx", "generated/letter.docx")
		place(t, dir, "sample.png", "generated/picture.png")
		// The platform's command is shown for a file that its producer labelled.
		run(t, 0, "label", "--producer", "maker", "--in-place", filepath.Join(dir, "upload.mp4"))
		place(t, dir, "sample.gif", "delivery/flat.gif")
		run(t, 0, "label", "--notice", "none", "--producer", "maker", "--in-place", filepath.Join(dir, "delivery/flat.gif"))

		// A folder among the files of delivery/* is told and is an error; the files are what the line is about.
		out := inShell(t, dir, asProgram(t, t.TempDir())+":"+os.Getenv("PATH"), strings.ReplaceAll(strings.Join(script, "\n"), "delivery/*", "delivery/*.*"))
		if !strings.Contains(out, "exit 4") || !strings.Contains(out, "【註 册 送*彩 金】") {
			t.Errorf("%s: the disguised text is not found: %s", readme, out)
		}
		if !strings.Contains(out, "propagation added") || !strings.Contains(out, "001191110102MACQD9K640") {
			t.Errorf("%s: %s", readme, out)
		}
	}
}

// serverHeading is the heading of the section about the server.
func serverHeading(readme string) string {
	if strings.Contains(readme, "zh-CN") {
		return "\n## 运行服务器\n"
	}
	return "\n## Run the server\n"
}

// commands are the lines that a text tells people to type, but those for make.
func commands(text string) (list []string) {
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "    "); ok && !strings.HasPrefix(command, "make ") {
			list = append(list, strings.TrimSpace(command))
		}
	}
	return list
}

// asProgram puts this test's program into a folder as colophon.
func asProgram(t *testing.T, bin string) string {
	t.Helper()
	if err := os.Symlink(os.Args[0], filepath.Join(bin, "colophon")); err != nil {
		t.Fatal(err)
	}
	return bin
}

func inShell(t *testing.T, dir, path, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+path, "LANG=C.UTF-8", "COLOPHON_AS_PROGRAM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// TestReadmeServer starts the server with the command of both READMEs, does what they say people do in the browser, and
// runs their other commands against it as they stand there; the last one, which needs no server, after its end.
func TestReadmeServer(t *testing.T) {
	t.Parallel()
	for _, readme := range []string{"../../README.md", "../../README.zh-CN.md"} {
		t.Run(filepath.Base(readme), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(readme)
			if err != nil {
				t.Fatal(err)
			}
			_, section, _ := strings.Cut(string(text), serverHeading(readme))
			section, _, _ = strings.Cut(section, "\n## ")
			dir := t.TempDir()
			place(t, dir, "sample.png", "picture.png")
			site, link, stop := makeRun(t, dir)
			key := firstKey(t, site, link)
			script := commands(section)
			for i, line := range script {
				line = strings.ReplaceAll(line, "http://127.0.0.1:8080", site)
				script[i] = strings.ReplaceAll(line, "clp_...", key)
			}
			if len(script) < 6 {
				t.Fatalf("only %d commands were found", len(script))
			}
			last := len(script) - 1
			out := inShell(t, dir, os.Getenv("PATH"), strings.Join(script[:last], "\n"))
			for _, want := range []string{"admission-unverified", "marked and conforming", `"state":"delivered"`, `"verdict":"passed"`, `"identical":"passed"`, `"action":"refuse"`} {
				if !strings.Contains(out, want) {
					t.Errorf("no %s in %s", want, out)
				}
			}
			if strings.Contains(out, "user-1") {
				t.Errorf("the account is named: %s", out)
			}
			stop()
			if out := inShell(t, dir, os.Getenv("PATH"), script[0]+"\n"+script[last]); !strings.Contains(out, "✓  file") || !strings.Contains(out, "nothing failed") {
				t.Errorf("%s", out)
			}
		})
	}
}

// TestReadmeRoad runs the commands of both READMEs that go through sample models.
func TestReadmeRoad(t *testing.T) {
	t.Parallel()
	for readme, heading := range map[string]string{"../../README.md": "\n## The whole road with no network\n", "../../README.zh-CN.md": "\n## 无需联网走完全程\n"} {
		t.Run(filepath.Base(readme), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(readme)
			if err != nil {
				t.Fatal(err)
			}
			_, section, _ := strings.Cut(string(text), heading)
			section, _, _ = strings.Cut(section, "\n## ")
			dir := t.TempDir()
			site, link, _ := makeRun(t, dir)
			key := firstKey(t, site, link)
			script := strings.NewReplacer("http://127.0.0.1:8080", site, "clp_...", key).Replace(strings.Join(commands(section), "\n"))
			out := inShell(t, dir, os.Getenv("PATH"), script)
			for _, want := range []string{"admission-unverified", "You said: Hello", `"AIGC"`, "data: [DONE]", "content_filter", "drawn.png  png  labels: 1", "You said: Hello from the official client"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %s in %s", want, out)
				}
			}
			if strings.Contains(out, key) || strings.Contains(out, "user-2") {
				t.Errorf("the key or the account is told: %s", out)
			}
		})
	}
}

// TestOperate runs the commands of both operating guides on a deployment, but those that name an identifier or ask for a
// password, and the settings among them.
func TestOperate(t *testing.T) {
	t.Parallel()
	for _, guide := range []string{"../../docs/operate.md", "../../docs/operate.zh-CN.md"} {
		t.Run(filepath.Base(guide), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(guide)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			place(t, dir, "sample.png", "picture.png")
			site, link, _ := makeRun(t, dir)
			key := firstKey(t, site, link)
			data := filepath.Join(dir, "out/data")
			script := []string{
				"export PATH=$PWD/bin:$PATH SITE=" + site + " KEY=" + key + " COLOPHON_CONFIG=$PWD/settings.yaml",
				"printf 'producer: x\ndata: " + data + "\nlog-name: 127.0.0.1/log\n' > settings.yaml",
				"echo '" + password + "' > password.txt; mkdir backup; curl -fsS -o log.pub $SITE/v1/log/key",
				`curl -fsS --oauth2-bearer $KEY -H Content-Type:application/json $SITE/v1/accounts:attest -d '{"account":"user-1","level":"phone","method":"phone","provider":"own-registration","transaction":"rv-1","at":"'$(date -u +%FT%TZ)'"}'`,
				`AT=$(curl -fsS --oauth2-bearer $KEY -H Colophon-Account:user-1 -F file=@picture.png -o marked.png -w '%header{location}' "$SITE/v1/artefacts?function=other&return=content")`,
				"curl -fs --oauth2-bearer $KEY --retry 9 --retry-delay 1 --retry-all-errors -o bundle.zip $SITE$AT/bundle",
			}
			setting, asks := regexp.MustCompile(`^[a-z-]+: `), regexp.MustCompile(`\bID\b|PSEUDONYM|openssl enc`)
			ran := 0
			for _, line := range commands(string(text)) {
				if !setting.MatchString(line) && !asks.MatchString(line) {
					script, ran = append(script, line), ran+1
				}
			}
			if ran < 16 {
				t.Errorf("only %d commands were run: %s", ran, strings.Join(script, "\n"))
			}
			out := inShell(t, dir, os.Getenv("PATH"), strings.NewReplacer("/var/lib/colophon-", dir+"/", "/var/lib/colophon/", data+"/", "/safe/", data+"/",
				" /backup/", " "+dir+"/backup/", "colophon-verify sample", "colophon evidence sample", "colophon-verify --key", "colophon evidence verify --key").Replace(strings.Join(script, "\n")))
			if strings.Count(out, "The log and the store fit together.") != 2 || strings.Count(out, "nothing failed") != 2 || !strings.Contains(out, `"state":"restricted"`) || !strings.Contains(out, "dead: 0, ") || !strings.Contains(out, `"number":1`) {
				t.Errorf("%s", out)
			}
			if !strings.Contains(guide, "zh-CN") {
				againstServer(t, site, key)
			}
		})
	}
}

// againstServer runs testdata/server/*.txtar against a server. Each script has the sessions of two officers, who signed in once:
// an address may not do so often.
func againstServer(t *testing.T, site, key string) {
	secondOfficer(t, site)
	files := map[string]string{"key.txt": key, "password.txt": password, "officer.session": signedIn(t, site, "duty.officer"), "second.session": signedIn(t, site, "second.officer")}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/server",
		Setup: func(env *testscript.Env) (err error) {
			for _, e := range [][2]string{{"LANG", "C.UTF-8"}, {"SITE", site}, {"KEY", key}, {"TOMORROW", time.Now().AddDate(0, 0, 1).UTC().Format(time.DateOnly)}, {"COLOPHON_SERVER", site}, {"COLOPHON_API_KEY", env.WorkDir + "/key.txt"}} {
				env.Setenv(e[0], e[1])
			}
			for name, text := range files {
				err = errors.Join(err, os.WriteFile(filepath.Join(env.WorkDir, name), []byte(text+"\n"), 0o600))
			}
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"sample": writeSample, "exit": exitCode, "keep": keepMatch, "truncate": truncateFile},
	})
}

// signedIn returns the token of a person's session.
func signedIn(t *testing.T, site, login string) string {
	t.Helper()
	c, err := client.New(client.Config{URL: site})
	if err != nil {
		t.Fatal(err)
	}
	open, err := c.SignIn(t.Context(), login, password)
	if err != nil {
		t.Fatal(err)
	}
	return open.Token
}

// keep NAME PATTERN keeps in a variable what the last output has in the pattern's brackets.
func keepMatch(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("no %s in the output", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// guide is a text in both languages whose commands are run on a server, and what is to be seen of them.
type guide struct {
	name     string   // of the file in docs, without language and ending
	commands int      // so many at least
	want     []string // in what they print
	never    []string // beside the key and the password
	settings func(set app.Serving) bool
	place    func(t *testing.T, dir string)
}

// fences are the blocks of a document that are no commands.
var fences = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```\n")

func (g guide) run(t *testing.T) {
	t.Parallel()
	for _, file := range []string{g.name + ".md", g.name + ".zh-CN.md"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("../../docs/" + file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			blocks := fences.FindAllSubmatch(text, -1)
			if (len(blocks) > 0) != (g.settings != nil) {
				t.Errorf("%d blocks of settings", len(blocks))
			}
			for _, block := range blocks {
				file := filepath.Join(dir, "settings.yaml")
				if err := os.WriteFile(file, block[1], 0o600); err != nil {
					t.Fatal(err)
				}
				if _, set, err := (app.Config{}).Serve(nil, file, func(string) string { return "" }); err != nil || g.settings != nil && !g.settings(set) {
					t.Errorf("%v: %s", err, block[1])
				}
			}
			if g.place != nil {
				g.place(t, dir)
			}
			site, link, _ := makeRun(t, dir)
			key := firstKey(t, site, link)
			list := commands(string(fences.ReplaceAll(text, nil)))
			script := append([]string{"export PATH=$PWD/bin:$PATH SITE=" + site + " KEY=" + key, "echo $KEY > key.txt; echo '" + password + "' > password.txt"}, list...)
			out := inShell(t, dir, os.Getenv("PATH"), strings.Join(script, "\n"))
			for _, want := range g.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %s in %s", want, out)
				}
			}
			for _, no := range append([]string{key, password}, g.never...) {
				if strings.Contains(out, no) {
					t.Errorf("%s is told: %s", no, out)
				}
			}
			if len(list) < g.commands {
				t.Errorf("%d commands: %s", len(list), out)
			}
		})
	}
}

// TestPeople runs the commands of both guides to people and admission on a server.
func TestPeople(t *testing.T) {
	guide{name: "people", commands: 14, want: []string{"nobody's identity was verified", "exit 4", "quarantine", "exit 1"}}.run(t)
}

// TestDesk runs the commands of both guides to the desk on a server.
func TestDesk(t *testing.T) {
	guide{name: "desk", commands: 16, want: []string{`"pin":"`, `"state":"taken"`, "month,kind,figure,value", "12387", `"state":"draft"`, "0 new entries"}}.run(t)
}

// TestGovernance runs the commands of both guides to governance on a server.
func TestGovernance(t *testing.T) {
	guide{name: "governance", commands: 16, want: []string{"unknown", "exit 5", "failed: No version is in force.", "exit 4", "waits for a second person", "passed: ", "ds-12-3"}}.run(t)
}

// TestGateway runs the commands of both guides to the gateway on a server with sample models, and reads their settings.
func TestGateway(t *testing.T) {
	guide{name: "gateway", commands: 14, never: []string{"not-a-real", "10.0.0"},
		want: []string{"colophon-sample-video", `"object":"chat.completion"`, `"type":"message"`, "data: [DONE]", `"AIGC"`, "marked and conforming", `"content_filter"`, "admission-unverified", "vendor-a"},
		settings: func(set app.Serving) bool {
			return len(set.Gateway.Models) == 1 && len(set.Gateway.Models[0].Targets) > 0
		},
	}.run(t)
}

// TestIntake runs the commands of both guides to the intake on a server, and reads their settings.
func TestIntake(t *testing.T) {
	guide{name: "intake", commands: 12,
		want: []string{"人工智能生成 / AI-generated", "可能为人工智能生成", "no mark found", `"state":"possible"`, `"state":"none"`, "001191110000000000000E20000", "whsec_", "exit 4", "exit 5"},
		settings: func(set app.Serving) bool {
			return len(set.Buckets) == 1 && len(set.Detectors) == 1 && set.Detectors[0].Threshold == 0.8
		},
		place: func(t *testing.T, dir string) { place(t, dir, "sample.png", "picture.png") },
	}.run(t)
}

// makeRun is `make run` in a folder where the program is built already, at an address that is free.
func makeRun(t *testing.T, dir string) (site, link string, stop func()) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	asProgram(t, filepath.Join(dir, "bin"))
	makefile, err := filepath.Abs("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	cmd := exec.Command("make", "-f", makefile, "-o", "check", "run", "GO=true", "LISTEN="+free.Addr().String())
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8", "MAKEFLAGS=", "COLOPHON_AS_PROGRAM=1", "COLOPHON_LOG_LEVEL=warn", "COLOPHON_RECALL_HOSTS="+free.Addr().String())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // make hands it on
		_ = cmd.Wait()                          // and says that it was stopped
	})
	t.Cleanup(stop)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if link = regexp.MustCompile(`http://\S+/set-up#\S+`).FindString(lines.Text()); link != "" {
			site, _, _ = strings.Cut(link, "/set-up#")
			return site, link, stop
		}
	}
	t.Fatal("no link was printed")
	return "", "", nil
}

// password is that of the first officer.
const password = "correct horse battery"

// visitor fills in forms of the pages as one person's browser does, and returns the pages that follow.
func visitor(t *testing.T, site string) (fill func(page string, form url.Values) string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	ask := func(res *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s %v %s", res.Status, err, page)
		}
		return string(page)
	}
	return func(page string, form url.Values) string {
		t.Helper()
		shown := ask(browser.Get(site + page))
		for _, hidden := range regexp.MustCompile(`name="(csrf|key-actions)" value="([^"]+)"`).FindAllStringSubmatch(shown, -1) {
			if hidden[1] != "csrf" || !form.Has("csrf") { // each form of a page has it
				form.Add(hidden[1], hidden[2])
			}
		}
		return ask(browser.PostForm(site+page, form))
	}
}

// secondOfficer has the first officer invite another, who comes.
func secondOfficer(t *testing.T, site string) {
	t.Helper()
	first := visitor(t, site)
	first("/sign-in", url.Values{"login": {"duty.officer"}, "password": {password}})
	invited := first("/staff/new", url.Values{"login": {"second.officer"}, "role": {"officer"}})
	token := regexp.MustCompile(`/invitation#([\w-]+)`).FindStringSubmatch(invited)
	if token == nil {
		t.Fatalf("no invitation: %s", invited)
	}
	visitor(t, site)("/invitation", url.Values{"token": {token[1]}, "password": {password}, "again": {password}})
}

// firstKey makes the first officer and an API key with all boxes ticked, by the forms of the pages.
func firstKey(t *testing.T, site, link string) string {
	t.Helper()
	fill := visitor(t, site)
	_, token, _ := strings.Cut(link, "#")
	fill("/set-up", url.Values{"token": {token}, "login": {"duty.officer"}, "password": {password}, "again": {password}})
	made := fill("/keys/new", url.Values{"name": {"shop"}, "services": {"*"}, "functions": {"*"}, "life": {"90"}})
	key := regexp.MustCompile(`clp_\w+`).FindString(made)
	if key == "" {
		t.Fatalf("no key: %s", made)
	}
	return key
}

// TestLanguagesAgree holds the commands of a document in one language to those in the other.
func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"../../README", "../../docs/operate", "../../docs/gateway", "../../docs/intake"} {
		var lists [2][]string
		for i, end := range []string{".md", ".zh-CN.md"} {
			text, err := os.ReadFile(document + end)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if command, ok := strings.CutPrefix(line, "    "); ok {
					command, _, _ = strings.Cut(command, " #")
					lists[i] = append(lists[i], strings.TrimSpace(command))
				}
			}
		}
		if diff := cmp.Diff(lists[0], lists[1]); diff != "" || len(lists[0]) == 0 {
			t.Errorf("%s, English and Chinese: %s", document, diff)
		}
	}
}

// TestReadmeNamesTheFormats holds the number of formats to the table.
func TestReadmeNamesTheFormats(t *testing.T) {
	t.Parallel()
	for file, pattern := range map[string]string{"../../README.md": `\*\*(\d+) formats\*\*`, "../../README.zh-CN.md": `\*\*(\d+) 种格式\*\*`} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindStringSubmatch(string(text))
		if found == nil || found[1] != strings.TrimSpace(itoa(len(media.Formats()))) {
			t.Errorf("%s says %v; there are %d", file, found, len(media.Formats()))
		}
	}
}

func place(t *testing.T, dir, name, as string) {
	t.Helper()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == name {
			path := filepath.Join(dir, as)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f.Bytes, 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no sample %s", name)
}

// TestFullDisk labels a file onto a file system that is too small: the error says so, and nothing is left there.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	mediatest.Output(t, "mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small)
	t.Cleanup(func() { mediatest.Output(t, "umount", small) })
	in := filepath.Join(dir, "big.wav")
	if err := os.WriteFile(in, mediatest.FFmpeg(t, "big.wav", "-f", "lavfi", "-i", "sine=duration=10"), 0o644); err != nil {
		t.Fatal(err)
	}
	reply := run(t, 1, "--json", "label", "--producer", "me", "--out", small, in)
	if !strings.Contains(reply, `"code":"disk-full"`) {
		t.Errorf("%s", reply)
	}
	left, err := os.ReadDir(small)
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
}

// TestHostile reads and labels files that were built to break parsers: an answer, soon, and the input as it was.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"id3v23_compression_underflow.mp3", "nested_moov_1000.mp4", "riff_bomb_1000.wav", "sample3.invalid.wav", "tiff_poc.tiff"} {
		text, ok := mediatest.Sample(t, "hostile/"+name)
		if !ok {
			return
		}
		path := mediatest.File(t, name, text)
		for _, command := range [][]string{{"--json", "verify", path}, {"--json", "label", "--producer", "me", path}} {
			var lines string
			code := exitOf(&lines, command...)
			if code == 0 && command[1] == "verify" || strings.Count(lines, "\n") != 1 || strings.Contains(lines, `"kind":"internal"`) {
				t.Errorf("%s %s: exit %d: %s", command[1], name, code, lines)
			}
		}
		after, err := os.ReadFile(path)
		if err != nil || string(after) != string(text) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}
