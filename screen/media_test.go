package screen_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/sight"
)

// eye sees what it is told to see.
type eye struct {
	view *sight.View
	err  error
}

func (e eye) Look(context.Context, media.Source, sight.Options) (*sight.View, error) {
	return e.view, e.err
}

// reads is a reader of text and a transcriber: it gives back the bytes.
type reads struct{ err error }

func (r reads) ReadText(_ context.Context, m screen.Media) (string, error) {
	b, err := io.ReadAll(io.NewSectionReader(m.Source, 0, m.Source.Size()))
	return string(b), errors.Join(err, r.err)
}

func (r reads) Transcribe(ctx context.Context, m screen.Media) (string, error) {
	return r.ReadText(ctx, m)
}

// known is the hash of a picture of the library, and near one that looks like it.
var (
	known = phash.Hash{1, 2, 3, 0xF0F0F0F0F0F0F0F0}
	near  = phash.Hash{1, 2, 3, 0xF0F0F0F0F0F0F000}
)

func pictured(h phash.Hash, quality int, words string) sight.Picture {
	p := sight.Picture{Hash: h, Quality: quality, Small: []byte(words)}
	p.Turned[3] = h
	return p
}

func file(content string) screen.Item {
	return screen.Item{Subject: "acct-1", Surface: screen.Upload, Class: "verified", Parts: []screen.Part{{Name: "file", Media: &screen.Media{Format: media.PNG, Source: media.Memory([]byte(content))}}}}
}

func mediaFeatures() []library.Feature {
	sum := sha256.Sum256([]byte("known bytes"))
	return append(features(),
		feature("p-known", library.Picture, known.String(), "minors", keyword.Block),
		feature("d-known", library.Digest, hex.EncodeToString(sum[:]), "terrorism", keyword.Block))
}

func TestFile(t *testing.T) {
	t.Parallel()
	still := func(p ...sight.Picture) *sight.View { return &sight.View{Format: media.PNG, Pictures: p} }
	good := pictured(phash.Hash{9, 9, 9, 9}, 90, "")
	for name, test := range map[string]struct {
		content string
		eye     screen.Eye
		change  func(*screen.Config)
		check   string // the run that is looked at
		outcome screen.Outcome
		reason  colophon.Code
		found   []string
		action  policy.Action
		verdict colophon.Verdict
	}{
		"clean":                         {"x", eye{view: still(good)}, nil, screen.CheckPicture, screen.Ran, "", nil, policy.Allow, colophon.Passed},
		"known bytes":                   {"known bytes", eye{view: still(good)}, nil, screen.CheckDigest, screen.Ran, "", []string{"d-known"}, policy.Refuse, colophon.Failed},
		"known picture":                 {"x", eye{view: still(pictured(near, 90, ""))}, nil, screen.CheckPicture, screen.Ran, "", []string{"p-known"}, policy.Refuse, colophon.Failed},
		"poor":                          {"x", eye{view: still(pictured(near, 10, ""))}, nil, screen.CheckPicture, screen.NotRun, sight.CodePoor, nil, policy.Review, colophon.Unknown},
		"one frame poor":                {"x", eye{view: still(pictured(phash.Hash{}, 0, ""), good)}, nil, screen.CheckPicture, screen.Ran, "", nil, policy.Allow, colophon.Passed},
		"one in a document poor":        {"x", eye{view: &sight.View{Format: media.DOCX, Pictures: []sight.Picture{good, pictured(near, 0, "")}}}, nil, screen.CheckPicture, screen.NotRun, sight.CodePoor, nil, policy.Review, colophon.Unknown},
		"one page poor, one known":      {"x", eye{view: &sight.View{Format: media.TIFF, Pictures: []sight.Picture{pictured(phash.Hash{}, 0, ""), pictured(near, 90, "")}}}, nil, screen.CheckPicture, screen.NotRun, sight.CodePoor, []string{"p-known"}, policy.Refuse, colophon.Failed},
		"blind":                         {"x", nil, nil, screen.CheckLook, screen.NotRun, screen.CodeNotConfigured, nil, policy.Review, colophon.Unknown},
		"no such format":                {"x", eye{err: &colophon.Error{Kind: colophon.Unsupported, Code: sight.CodeUnsupported}}, nil, screen.CheckLook, screen.Failure, sight.CodeUnsupported, nil, policy.Review, colophon.Unknown},
		"too large":                     {"known bytes", eye{view: still(good)}, func(c *screen.Config) { c.MaxFile = 3 }, screen.CheckDigest, screen.NotRun, screen.CodeTooLarge, nil, policy.Review, colophon.Unknown},
		"no reader":                     {"x", eye{view: still(good)}, func(c *screen.Config) { c.PictureText = []library.Category{"drugs"} }, screen.CheckRead, screen.NotRun, screen.CodeNotConfigured, nil, policy.Review, colophon.Unknown},
		"no reader, and none is needed": {"x", eye{view: still(good)}, nil, screen.CheckRead, screen.NotRun, screen.CodeNotConfigured, nil, policy.Allow, colophon.Passed},
		"words in it":                   {"x", eye{view: still(pictured(known, 90, "买冰毒原料"))}, func(c *screen.Config) { c.Reader = reads{} }, screen.CheckRead, screen.Ran, "", []string{"k-drug", "p-known"}, policy.Refuse, colophon.Failed},
		"reader fails":                  {"x", eye{view: still(good)}, func(c *screen.Config) { c.Reader, c.PictureText = reads{errDown}, []library.Category{"drugs"} }, screen.CheckRead, screen.Failure, screen.CodeFailed, nil, policy.Review, colophon.Unknown},
		"document":                      {"x", eye{view: &sight.View{Format: media.DOCX, Texts: []sight.Text{{Part: "2", Text: "冰毒原料"}}}}, nil, screen.CheckLook, screen.Ran, "", []string{"k-drug"}, policy.Refuse, colophon.Failed},
		"clean document":                {"x", eye{view: &sight.View{Format: media.DOCX, Texts: []sight.Text{{Text: "今天"}}}}, nil, screen.CheckLook, screen.Ran, "", nil, policy.Allow, colophon.Passed},
		"sound":                         {"x", eye{view: &sight.View{Format: media.MP3, Sounds: []sight.Sound{{Source: media.Memory("买冰毒原料")}}}}, func(c *screen.Config) { c.Transcriber = reads{} }, screen.CheckHear, screen.Ran, "", []string{"k-drug"}, policy.Refuse, colophon.Failed},
		"sound, nobody hears":           {"x", eye{view: &sight.View{Format: media.MP3, Missed: []colophon.Finding{{Code: sight.CodeSound, Level: colophon.Doubt}}}}, func(c *screen.Config) { c.Speech = []library.Category{"drugs"} }, screen.CheckHear, screen.NotRun, screen.CodeNotConfigured, nil, policy.Review, colophon.Unknown},
		"nothing in it":                 {"x", eye{view: &sight.View{Format: media.DOCX}}, nil, screen.CheckAny, screen.NotRun, screen.CodeUnseen, nil, policy.Review, colophon.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *screen.Config) {
				c.Eye = test.eye
				if test.change != nil {
					test.change(c)
				}
			}, mediaFeatures()...)
			j := judge(t, s, file(test.content))
			if r := run(t, j, test.check, "file"); r.Outcome != test.outcome || r.Reason != test.reason {
				t.Errorf("got %+v", r)
			}
			if !slices.Equal(ids(j.Findings), test.found) || j.Action != test.action || j.Verdict != test.verdict {
				t.Errorf("got %s and %s by %+v and %+v", j.Action, j.Verdict, j.Findings, j.Runs)
			}
		})
	}
}

// TestMissed never passes a file of which something was not looked at.
func TestMissed(t *testing.T) {
	t.Parallel()
	view := &sight.View{Format: media.GIF, Pictures: []sight.Picture{pictured(phash.Hash{9}, 90, "")}, Missed: []colophon.Finding{{Code: sight.CodeFrames, Level: colophon.Doubt}}}
	s := start(t, func(c *screen.Config) { c.Eye = eye{view: view} }, mediaFeatures()...)
	j := judge(t, s, file("x"))
	missed := slices.ContainsFunc(j.Runs, func(r screen.Run) bool {
		return r.Outcome == screen.NotRun && r.Reason == sight.CodeFrames && len(r.Covers) > 0
	})
	if !missed || j.Verdict != colophon.Unknown || j.Action < policy.Review {
		t.Errorf("got %s and %s by %+v", j.Action, j.Verdict, j.Runs)
	}
}

// TestNoPictures says that pictures were held against nothing.
func TestNoPictures(t *testing.T) {
	t.Parallel()
	view := &sight.View{Format: media.PNG, Pictures: []sight.Picture{pictured(phash.Hash{9}, 90, "")}}
	s := start(t, func(c *screen.Config) { c.Eye = eye{view: view} }, features()...)
	j := judge(t, s, file("x"))
	if r := run(t, j, screen.CheckPicture, "file"); r.Outcome != screen.NotRun || r.Reason != screen.CodeNoFeatures {
		t.Errorf("got %+v", r)
	}
	if r := run(t, j, screen.CheckAny, "file"); r.Reason != screen.CodeUnseen || j.Verdict != colophon.Unknown {
		t.Errorf("got %+v, %s", r, j.Verdict)
	}
}

// looker is a classifier that looks at pictures in JPEG.
type looker struct{ classifier }

func (looker) Reads(f media.Format) bool { return f == media.JPEG }

// TestFrames shows the pictures of a film to a classifier that can't read the film itself.
func TestFrames(t *testing.T) {
	t.Parallel()
	var asked []string
	ask := func(_ context.Context, q screen.Question) (screen.Answer, error) {
		for _, p := range q.Parts {
			asked = append(asked, p.Name)
		}
		return screen.Answer{Outcome: screen.Ran, Findings: []screen.Finding{{Category: "sexual", Level: keyword.Block, Part: "file/1.5s"}}}, nil
	}
	first, second := pictured(phash.Hash{}, 0, "jpeg"), pictured(phash.Hash{}, 0, "jpeg")
	second.At = 1500 * time.Millisecond
	view := &sight.View{Format: media.MP4, Pictures: []sight.Picture{first, second}}
	s := start(t, func(c *screen.Config) {
		c.Eye, c.Classifiers = eye{view: view}, []screen.Classifier{looker{classifier{"look", ask}}, classifier{"words", always(screen.Answer{}, errDown)}}
	}, features()...)
	item := file("x")
	item.Parts = append(item.Parts, screen.Part{Name: "note", Text: ""})
	j := judge(t, s, item)
	if !slices.Equal(asked, []string{"file", "file/1.5s"}) || j.Action != policy.Refuse {
		t.Errorf("asked about %v, %s", asked, j.Action)
	}
	if r := run(t, j, "classifier:words", ""); r.Outcome != screen.NotRun || r.Reason != screen.CodeNothing || len(r.Covers) > 0 {
		t.Errorf("a classifier of words was asked about pictures: %+v", r)
	}
	if slices.ContainsFunc(j.Runs, func(r screen.Run) bool { return r.Check == screen.CheckAny }) {
		t.Errorf("got %+v", j.Runs)
	}
	if p := s.journal.payload(); !strings.Contains(p, `"name":"file"`) || strings.Contains(p, "jpeg") {
		t.Errorf("got %s", p)
	}
}

// TestMovingPNG shows every frame of an animated PNG to a classifier that would look at the first alone.
func TestMovingPNG(t *testing.T) {
	t.Parallel()
	var asked []string
	ask := func(_ context.Context, q screen.Question) (screen.Answer, error) {
		for _, p := range q.Parts {
			asked = append(asked, p.Name)
		}
		return screen.Answer{Outcome: screen.Ran}, nil
	}
	first, second := pictured(phash.Hash{}, 0, "jpeg"), pictured(phash.Hash{}, 0, "jpeg")
	second.At = 1500 * time.Millisecond
	view := &sight.View{Format: media.PNG, Pictures: []sight.Picture{first, second}}
	s := start(t, func(c *screen.Config) {
		c.Eye, c.Classifiers = eye{view: view}, []screen.Classifier{still{classifier{"look", ask}}}
	}, features()...)
	judge(t, s, file("x"))
	if !slices.Equal(asked, []string{"file", "file/1.5s"}) {
		t.Errorf("asked about %v", asked)
	}
}

type still struct{ classifier }

func (still) Reads(f media.Format) bool { return f == media.JPEG || f == media.PNG }

// TestTextFile looks into a file with the eye that the program has.
func TestTextFile(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *screen.Config) { c.Eye = sight.New(nil, sight.Limits{}) }, features()...)
	item := file("# 今天\n\n买冰毒原料。\n")
	item.Parts[0].Media.Name = "note.md"
	j := judge(t, s, item)
	if !slices.Equal(ids(j.Findings), []string{"k-drug"}) || j.Action != policy.Refuse || !strings.HasPrefix(j.Findings[0].Part, "file/text-0") {
		t.Errorf("got %+v, %+v", j.Findings, j.Runs)
	}
}
