package document_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/stamp"
)

const answered = "【人工智能生成】\n\n## 标题 <b>\n\n一段 **文字**，带 [链接](https://example.com/) 和 `code`。\n第二行\n\n- 甲\n- 乙\n  1. 丙\n\n> 引用\n\n```go\nfunc main() {\n\t<script>\n}\n```\n\n---\n\n末尾 \u202e😀\n"

func answer() document.Answer {
	return document.Answer{Title: "导出的  回答 & more", Parts: []string{answered}, At: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)}
}

// TestAnswer makes each format and has it stamped: notice and label are read back from what comes out.
func TestAnswer(t *testing.T) {
	for _, f := range []media.Format{media.Markdown, media.HTML, media.DOCX, media.PDF, media.PNG} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			made, err := writer(t).Answer(answer(), f)
			if err != nil {
				t.Fatal(err)
			}
			again, err := writer(t).Answer(answer(), f)
			if err != nil || !bytes.Equal(made, again) {
				t.Error("the same answer gives other bytes", err)
			}
			src := bytes.NewReader(made)
			plan, err := (&stamp.Press{}).Prepare(context.Background(), src, stamp.Request{Function: stamp.Dialogue, Notice: notice.Options{Corner: notice.BottomRight},
				Label: label.Request{Options: label.Options{Name: "answer.md"}, Fields: label.Fields{Label: label.Belongs, ContentProducer: "001191110102MACQD9K64010000", ProduceID: "n-1"}, Rand: rand.Reader}})
			if err != nil {
				t.Fatal(err)
			}
			if plan.Format != f || plan.Notice.State != stamp.Put && plan.Notice.State != stamp.There {
				t.Errorf("%s, notice %s", plan.Format, plan.Notice.State)
			}
			if there := f == media.HTML || f == media.Markdown; there != (plan.Notice.State == stamp.There) {
				t.Errorf("notice: %s", plan.Notice.State)
			}
			var out bytes.Buffer
			if err := plan.Edit.Apply(&out, src); err != nil {
				t.Fatal(err)
			}
			if err := plan.ReadBack(context.Background(), bytes.NewReader(out.Bytes()), nil); err != nil {
				t.Error(err)
			}
			keep(t, "answer."+string(f), out.Bytes())
		})
	}
}
func keep(t *testing.T, name string, b []byte) {
	if dir := os.Getenv("DOCUMENT_OUT"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnswerTooTall(t *testing.T) {
	a := answer()
	a.Parts = []string{strings.Repeat("一行\n\n", 2000)}
	_, err := writer(t).Answer(a, media.PNG)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != document.CodeLong || e.Args["limit"] == "" {
		t.Fatal(err)
	}
	a.Parts = []string{strings.Repeat("一行\n\n", 200)}
	made, err := writer(t).Answer(a, media.PNG)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(made)); err != nil || c.Height > document.MaxPicture {
		t.Fatal(c, err)
	}
	a.Parts = []string{strings.Repeat("-\n\na\n\n", 50001)}
	if _, err := writer(t).Answer(a, media.HTML); !errors.As(err, &e) || e.Code != document.CodeBlocks {
		t.Fatal(err)
	}
	a.Parts = nil
	if _, err := writer(t).Answer(a, media.JPEG); !errors.As(err, &e) || e.Code != document.CodeFormat {
		t.Fatal(err)
	}
}

// FuzzAnswer writes whatever a model may say: no text may break a document.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{answered, "```", "> > - 1. a", "#", "-", "\x00\xff", "*  *  *", "~~~\n```\n~~~~", strings.Repeat(">", 500), "\r\n\r", "【人工智能生成】"} {
		f.Add(s)
	}
	w := writer(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		for _, format := range []media.Format{media.HTML, media.DOCX} { // PDF has the same blocks; its font takes long
			made, err := w.Answer(document.Answer{Title: text[:min(len(text), 60)], Parts: []string{text, text}}, format)
			if err != nil {
				t.Fatal(format, err)
			}
			if _, err := label.Read(bytes.NewReader(made), label.Options{}); err != nil {
				t.Fatal(format, err)
			}
		}
	})
}
