package sample

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"io"
	"mime"
	"strconv"
	"strings"
)

// imageRequest is a request for pictures, as JSON or as a form.
type imageRequest struct {
	Model      string `json:"model"`
	Prompt     string `json:"prompt"`
	N          int    `json:"n"`
	Size       string `json:"size"`
	Format     string `json:"output_format"`
	Response   string `json:"response_format"`
	Background string `json:"background"`
	Stream     bool   `json:"stream"`
	Images     []struct {
		URL string `json:"image_url"`
	} `json:"images"`

	given         [][]byte // the pictures themselves
	width, height int
}

const (
	mostSide    = 4096 // of a picture, in pixels
	mostPixels  = 4096 * 4096
	mostPicture = 10 // in one answer
)

// readImages reads a request for pictures.
func (x *exchange) readImages() (in imageRequest, err error) {
	if typ, _, _ := mime.ParseMediaType(x.request.Header.Get("Content-Type")); typ == "multipart/form-data" {
		in, err = x.imageForm()
	} else {
		err = x.decode(&in)
		for _, i := range in.Images {
			_, data, _ := strings.Cut(i.URL, ";base64,")
			picture, broken := base64.StdEncoding.DecodeString(data)
			if broken != nil || len(picture) == 0 {
				return in, bad("images", "pictures are given as data: addresses in base64")
			}
			in.given = append(in.given, picture)
		}
	}
	if err != nil {
		return in, err
	}
	in.N = max(1, in.N)
	if in.Size == "" || in.Size == "auto" {
		in.Size = "512x512"
	}
	_, broken := fmt.Sscanf(in.Size, "%dx%d", &in.width, &in.height)
	switch {
	case in.Model != Image:
		return in, noModel(in.Model)
	case in.N > mostPicture:
		return in, bad("n", "n is from 1 to %d", mostPicture)
	case broken != nil || in.width < 16 || in.height < 16 || in.width > mostSide || in.height > mostSide:
		return in, bad("size", "size is WIDTHxHEIGHT, each from 16 to %d", mostSide)
	}
	return in, nil
}

// imageForm reads a form, in which pictures are files named image, image[] or image[0].
func (x *exchange) imageForm() (in imageRequest, err error) {
	if err := x.read(); err != nil {
		return in, err
	}
	x.request.Body = io.NopCloser(bytes.NewReader(x.body))
	if err := x.request.ParseMultipartForm(mostBody); err != nil {
		return in, bad("", "the form can't be read: %v", err)
	}
	in = imageRequest{Model: x.request.FormValue("model"), Prompt: x.request.FormValue("prompt"), Size: x.request.FormValue("size"), Format: x.request.FormValue("output_format"), Response: x.request.FormValue("response_format")}
	if n := x.request.FormValue("n"); n != "" {
		if in.N, err = strconv.Atoi(n); err != nil {
			return in, bad("n", "n is a number")
		}
	}
	for name, files := range x.request.MultipartForm.File {
		if name != "image" && !strings.HasPrefix(name, "image[") {
			continue
		}
		for _, file := range files {
			f, err := file.Open()
			if err != nil {
				return in, err
			}
			picture, err := io.ReadAll(f)
			f.Close()
			if err != nil {
				return in, err
			}
			in.given = append(in.given, picture)
		}
	}
	return in, nil
}

// generate answers POST /v1/images/generations.
func (m *Model) generate(x *exchange) {
	in, err := x.readImages()
	if err == nil && in.Prompt == "" {
		err = bad("prompt", "there is no prompt")
	}
	if x.check(err) || x.begin(in.Prompt) {
		return
	}
	x.pictures(in, func(n int) drawing { return draw(caption(in.Prompt, n), in.width, in.height) })
}

// edit answers POST /v1/images/edits: the first picture, above the bands that the prompt chooses.
func (m *Model) edit(x *exchange) {
	in, err := x.readImages()
	if err == nil && in.Prompt == "" {
		err = bad("prompt", "there is no prompt")
	}
	x.changed(in, err)
}

// vary answers POST /v1/images/variations.
func (m *Model) vary(x *exchange) {
	in, err := x.readImages()
	x.changed(in, err)
}

// changed answers with pictures that are made from the given one.
func (x *exchange) changed(in imageRequest, err error) {
	if err == nil && len(in.given) == 0 {
		err = bad("image", "there is no picture")
	}
	var given image.Image
	if err == nil {
		c, _, broken := image.DecodeConfig(bytes.NewReader(in.given[0]))
		if broken != nil || c.Width*c.Height > mostPixels {
			err = bad("image", "the picture can't be read, or has more than %d pixels", mostPixels)
		} else if given, _, broken = image.Decode(bytes.NewReader(in.given[0])); broken != nil {
			err = bad("image", "the picture can't be read: %v", broken)
		}
	}
	if x.check(err) || x.begin(in.Prompt) {
		return
	}
	x.pictures(in, func(n int) drawing { return draw(caption(in.Prompt, n), in.width, in.height).over(given) })
}

// caption is what picture n is drawn from.
func caption(prompt string, n int) string {
	if n == 0 {
		return plain(prompt)
	}
	return fmt.Sprintf("%s (%d)", plain(prompt), n+1)
}

// pictures answers with pictures.
func (x *exchange) pictures(in imageRequest, made func(n int) drawing) {
	format := in.Format
	if format == "" {
		format = "png"
	}
	data := []object{}
	for n := range in.N {
		coded, err := made(n).encode(format)
		if x.check(err) {
			return
		}
		if in.Response == "url" {
			data = append(data, object{"url": x.base() + "/sample/files/" + x.model.keep("image/"+format, coded)})
		} else {
			data = append(data, object{"b64_json": base64.StdEncoding.EncodeToString(coded)})
		}
	}
	if revised := x.switches.text("say"); revised != "" {
		data[0]["revised_prompt"] = revised
	}
	words := len(tokens(in.Prompt))
	used := object{"input_tokens": words, "output_tokens": 100 * in.N, "total_tokens": words + 100*in.N, "input_tokens_details": object{"text_tokens": words, "image_tokens": 0}}
	about := object{"size": in.Size, "quality": "low", "background": "opaque", "output_format": format, "usage": used}
	if !in.Stream {
		about["created"], about["data"] = x.now.Unix(), data
		x.json(200, about)
		return
	}
	about["type"], about["created_at"], about["b64_json"] = "image_generation.completed", x.now.Unix(), data[0]["b64_json"]
	x.events().send("image_generation.completed", about)
}

// base is the address in front of paths.
func (x *exchange) base() string {
	if b := x.model.config.Base; b != "" {
		return strings.TrimRight(b, "/")
	}
	return "http://" + x.request.Host
}

// mostKept bounds the results by URL that are kept; the oldest go first.
const mostKept = 64

// file is a result by URL.
type file struct {
	typ  string
	body []byte
}

// keep keeps a result, and returns its name.
func (m *Model) keep(typ string, body []byte) string {
	sum := sha256.Sum256(body)
	name := hex.EncodeToString(sum[:12])
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.files[name]; there {
		return name
	}
	if len(m.kept) == mostKept {
		delete(m.files, m.kept[0])
		m.kept = m.kept[1:]
	}
	m.files[name], m.kept = file{typ: typ, body: body}, append(m.kept, name)
	return name
}

// file answers GET /sample/files/{name}.
func (m *Model) file(x *exchange) {
	m.mu.Lock()
	f, ok := m.files[x.request.PathValue("name")]
	m.mu.Unlock()
	if !ok {
		x.refuse(fault{Status: 404, Message: "there is no such file, or it is gone"})
		return
	}
	x.answer(200, f.typ, f.body)
}
