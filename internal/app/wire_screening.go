package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/sight"
)

// maxScreenedText is the longest text that a command screens as text, in bytes.
const maxScreenedText = 64 << 20

// Codes of errors about screening by a command.
const (
	CodeScreenFile  colophon.Code = "screen-file"       // arg "file"; the cause says what is wrong in it
	CodeScreenLarge colophon.Code = "screen-text-large" // args "file", "limit"
)

// Screening judges files by themselves, with no server and no store: nothing is recorded.
type Screening struct {
	Lexicons []string // CSV files
	Library  string   // a signed file of features
	Trusted  []note.Verifier
	Policy   string // rows of a decision table, in CSV or JSON; the shipped table where empty
	Item     screen.Item

	engine   *screen.Engine
	features map[string]library.Feature
	set      *library.Set
}

// Screened is what came of one file. Text is empty where the file is no text.
type Screened struct {
	Judgement screen.Judgement
	Text      string
}

// unkept is the journal of a command: nobody keeps what it says.
type unkept struct{}

func (unkept) Opened(context.Context, evidence.Record) error                { return nil }
func (unkept) Judged(context.Context, evidence.Record, policy.Judged) error { return nil }

// Open reads lexicons, library and policy. Without a lexicon and a library the starter library is used.
func (v *Screening) Open(c Config) error {
	list, err := v.read()
	if err != nil {
		return err
	}
	v.features = make(map[string]library.Feature, len(list))
	for _, f := range list {
		v.features[f.ID] = f
	}
	if v.set, err = library.Compile(list, library.Options{Words: words()}); err != nil {
		return err
	}
	table, err := v.table()
	if err != nil {
		return err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	key, err := evidence.NewEnvelopeKey("command", secret, rand.Reader)
	if err != nil {
		return err
	}
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: time.Now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: evidence.NewKeyring(key)})
	if err != nil {
		return err
	}
	tools, err := ffmpeg.Find(c.FFmpeg)
	if err != nil {
		tools = nil // said where it is needed
	}
	v.engine = screen.New(screen.Config{Library: func() *library.Set { return v.set }, Policy: func() *policy.Policy { return table }, Journal: unkept{}, Recorder: recorder,
		Now: time.Now, Rand: rand.Reader, Eye: sight.New(tools, sight.Limits{})})
	return nil
}

func (v *Screening) read() (list []library.Feature, err error) {
	if len(v.Lexicons) == 0 && v.Library == "" {
		return library.Starter()
	}
	for _, path := range v.Lexicons {
		d := library.Defaults{Source: filepath.Base(path), Standard: "lexicon", Reason: "lexicon"}
		err = reading(path, func(r io.Reader) error {
			some, err := library.ReadCSV(r, d)
			list = append(list, some...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if v.Library == "" {
		return list, nil
	}
	err = reading(v.Library, func(r io.Reader) error {
		file, err := library.ReadJSON(r, library.Defaults{Standard: "file", Reason: "file"}, v.Trusted...)
		list = append(list, file.Features...)
		return err
	})
	return list, err
}

func (v *Screening) table() (*policy.Policy, error) {
	if v.Policy == "" {
		t, err := policy.Default()
		if err != nil {
			return nil, err
		}
		return policy.Compile(t)
	}
	var p *policy.Policy
	err := reading(v.Policy, func(r io.Reader) error {
		t := policy.Table{Version: "file", By: "file"}
		var err error
		if strings.EqualFold(filepath.Ext(v.Policy), ".json") {
			t, err = policy.ReadTable(r)
		} else {
			t.Rows, err = policy.ReadRows(r)
		}
		if err == nil {
			p, err = policy.Compile(t)
		}
		return err
	})
	return p, err
}

// reading reads a file and puts its name before what is wrong in it.
func reading(path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return durable.Fault(path, err)
	}
	defer f.Close()
	if err = read(f); err == nil {
		return nil
	}
	var e *colophon.Error
	if !errors.As(err, &e) {
		return durable.Fault(path, err)
	}
	return &colophon.Error{Kind: e.Kind, Code: CodeScreenFile, Args: colophon.Args{"file": path}, Clauses: e.Clauses, Err: err}
}

// Len is the number of features that are looked for.
func (v *Screening) Len() int { return v.set.Len() }

// Feature returns a feature by the identifier that a finding names.
func (v *Screening) Feature(id string) library.Feature { return v.features[id] }

// Coverage counts the features.
func (v *Screening) Coverage() library.Coverage { return v.set.Coverage() }

// File judges a file.
func (v *Screening) File(ctx context.Context, path string) (Screened, error) {
	src, err := durable.Open(path)
	if err != nil {
		return Screened{}, err
	}
	defer src.Close()
	head := make([]byte, min(src.Size(), 64<<10))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return Screened{}, durable.Fault(path, err)
	}
	if plain(head) {
		if src.Size() > maxScreenedText {
			return Screened{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeScreenLarge, Args: colophon.Args{"file": path, "limit": "64 MiB"}}
		}
		text := make([]byte, src.Size())
		if _, err := src.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
			return Screened{}, durable.Fault(path, err)
		}
		return v.Text(ctx, string(text))
	}
	return v.judge(ctx, screen.Part{Name: "file", Media: &screen.Media{Name: filepath.Base(path), Source: src}})
}

// Stdin judges what a reader holds as text.
func (v *Screening) Stdin(ctx context.Context, r io.Reader) (Screened, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxScreenedText+1))
	if err == nil && len(text) > maxScreenedText {
		err = &colophon.Error{Kind: colophon.Invalid, Code: CodeScreenLarge, Args: colophon.Args{"file": "-", "limit": "64 MiB"}}
	}
	if err != nil {
		return Screened{}, err
	}
	return v.Text(ctx, string(text))
}

// Text judges a text.
func (v *Screening) Text(ctx context.Context, text string) (Screened, error) {
	out, err := v.judge(ctx, screen.Part{Name: "text", Text: text})
	out.Text = text
	return out, err
}

func (v *Screening) judge(ctx context.Context, part screen.Part) (Screened, error) {
	item := v.Item
	item.Subject, item.Parts = evidence.System, []screen.Part{part}
	j, err := v.engine.Judge(ctx, item)
	return Screened{Judgement: j}, err
}

// plain reports whether the beginning of a file is that of a text without markup.
func plain(head []byte) bool {
	for i := 0; i < utf8.UTFMax-1 && len(head) > 0 && !utf8.Valid(head); i++ { // a character that is cut
		head = head[:len(head)-1]
	}
	begin := bytes.TrimLeft(head, " \t\r\n\ufeff")
	return utf8.Valid(head) && !bytes.ContainsRune(head, 0) && !bytes.HasPrefix(begin, []byte("<")) && !bytes.HasPrefix(begin, []byte("%PDF"))
}
