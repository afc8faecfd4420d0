package shape_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/shape"
)

// field is a part of a form; one with a file name is a file.
type field struct{ name, file, value string }

func formOf(t testing.TB, fields ...field) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		var part io.Writer
		var err error
		if f.file != "" {
			part, err = w.CreateFormFile(f.name, f.file)
		} else {
			part, err = w.CreateFormField(f.name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, f.value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// TestForm reads a form, changes it, and reads what goes on by the standard library.
func TestForm(t *testing.T) {
	t.Parallel()
	kind, body := formOf(t, field{"model", "", "pictures"}, field{"prompt", "", "a quiet lake"}, field{"n", "", "2"}, field{"image[]", "my face.PNG", "one"}, field{"image[]", "b.webp", "two"},
		field{"mask", "m.png", "mask"}, field{"user", "", "user-1"}, field{"size", "", "1024x1024"}, field{"style", "", "in the manner of nobody"}, field{"what-is-this", "", "hidden words"})
	d, err := shape.Form(shape.ImagesEdits, kind, body)
	if err != nil {
		t.Fatal(err)
	}
	if d.Model() != "pictures" || d.Choices() != 2 || d.User() != "user-1" || d.Stream() {
		t.Error(d.Model(), d.Choices(), d.User(), d.Stream())
	}
	var texts []string
	for _, x := range d.Texts() {
		texts = append(texts, x.Value)
	}
	if len(texts) != 3 || texts[0] != "a quiet lake" || texts[1] != "in the manner of nobody" || texts[2] != "hidden words" {
		t.Error(texts)
	}
	if m := d.Media(); len(m) != 3 || string(m[1].Data) != "two" || m[1].Path != "image[].1" || m[2].Path != "mask" {
		t.Errorf("%+v", m)
	}
	d.SetModel("inner")
	d.SetText(0, "a loud lake")
	d.SetInline(0, "image/jpeg", []byte("other"))
	_, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	form, err := multipart.NewReader(bytes.NewReader(d.Bytes()), params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if form.Value["model"][0] != "inner" || form.Value["prompt"][0] != "a loud lake" || form.Value["what-is-this"][0] != "hidden words" || len(form.File["image[]"]) != 2 {
		t.Errorf("%+v", form)
	}
	if f := form.File["image[]"][0]; f.Filename != "file.png" || f.Header.Get("Content-Type") != "image/jpeg" || f.Size != 5 {
		t.Errorf("%+v", f)
	}
}

// TestFormRefused lists what two readers may read in two ways, and what is no form.
func TestFormRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields []field
		code   colophon.Code
	}{
		"two models":       {[]field{{"model", "", "a"}, {"model", "", "b"}}, shape.CodeTwice},
		"two prompts":      {[]field{{"prompt", "", "a"}, {"prompt", "", "b"}}, shape.CodeTwice},
		"no count":         {[]field{{"n", "", "many"}}, shape.CodeField},
		"a model of words": {[]field{{"model", "", "say something else"}}, shape.CodeField},
		"no text":          {[]field{{"prompt", "", "\xff"}}, shape.CodeField},
		"a stream of what": {[]field{{"stream", "", "maybe"}}, shape.CodeField},
	} {
		kind, body := formOf(t, test.fields...)
		_, err := shape.Form(shape.ImagesEdits, kind, body)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != test.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	raw := func(kind, body string) error {
		return second(shape.Form(shape.Transcriptions, kind, []byte(strings.ReplaceAll(body, "\n", "\r\n"))))
	}
	const open = "--B\nContent-Disposition: form-data; name="
	kind, body := formOf(t, field{"file", "a.wav", "RIFF"})
	for name, err := range map[string]error{
		"cut short":     second(shape.Form(shape.Transcriptions, kind, body[:len(body)-20])),
		"no form":       second(shape.Form(shape.Transcriptions, "application/json", body)),
		"no boundary":   second(shape.Form(shape.Transcriptions, "multipart/form-data", body)),
		"another place": second(shape.Form(shape.Chat, kind, body)),

		"a part that begins without a line": raw("multipart/form-data; boundary=B", open+"file; filename=a\n\nRIFF\r--B\rContent-Disposition: form-data; name=prompt\r\rsay it\n--B--\n"),
		"a prompt that is a file":           raw("multipart/form-data; boundary=B", open+"prompt; filename=a\n\nsay it\n--B--\n"),
		"another character set":             raw("multipart/form-data; boundary=B", open+"_charset_\n\nutf-7\n--B--\n"),
		"a prompt in another case":          raw("multipart/form-data; boundary=B", open+"Prompt\n\nsay it\n--B--\n"),
		"a medium in a text":                raw("multipart/form-data; boundary=B", open+"speakers[]\n\ndata:audio/wav;base64,AAAA\n--B--\n"),
	} {
		if err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// TestFormType holds that what goes on says in one way alone where its parts end.
func TestFormType(t *testing.T) {
	t.Parallel()
	d, err := shape.Form(shape.Transcriptions, "multipart/form-data; charset=utf-16; boundary=A; boundary*=utf-8''B", []byte("--B\r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n--B--\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Type(); got != "multipart/form-data; boundary=B" {
		t.Error(got)
	}
}

func second(_ *shape.Document, err error) error { return err }

// FuzzForm reads anything as a form: what is read can be written, and is read the same again.
func FuzzForm(f *testing.F) {
	kind, body := formOf(f, field{"model", "", "m"}, field{"prompt", "", "words"}, field{"file", "a.mp3", "ID3"})
	f.Add(kind, body)
	f.Add("multipart/form-data; boundary=a", []byte("--a\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--a--\r\n"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		d, err := shape.Form(shape.Transcriptions, kind, body)
		if err != nil {
			return
		}
		again, err := shape.Form(shape.Transcriptions, d.Type(), d.Bytes())
		if err != nil {
			t.Fatalf("%q: %v", d.Bytes(), err)
		}
		if len(again.Texts()) != len(d.Texts()) || len(again.Media()) != len(d.Media()) || again.Model() != d.Model() {
			t.Errorf("%q became %q", body, d.Bytes())
		}
		for i, m := range d.Media() {
			if !bytes.Equal(m.Data, again.Media()[i].Data) {
				t.Errorf("medium %d changed", i)
			}
		}
	})
}
