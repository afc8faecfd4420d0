// Package sight turns pictures, video, sound and documents into what can be compared and read: perceptual hashes, small
// pictures for a reader of text, sound for a transcriber, and text.
//
// [Eye.Look] takes any file. It goes by what the file is and not by what it is called:
//
//   - still.go decodes pictures, as they are shown: turned as their EXIF data says, and on white;
//   - reel.go puts the frames of animations together, which gif.go, apng.go and webp.go take apart;
//   - film.go has ffmpeg make key frames of a video, and of its cover pictures, its sound, and its subtitles;
//   - paper.go takes the text, and the pictures, out of documents;
//   - likeness.go is the quick look by which a produced item is found again.
//
// Files come from people who are not trusted. So everything has a limit ([Limits]), and what lies beyond it is not looked
// at. A [View] lists that under Missed, each with the rule: whoever passes an item although something was missed passes what
// nobody looked at. A file of which nothing could be looked at is an error with a code.
//
// What not to do here: never leave out a frame, a page, a track or a part without saying so under Missed; never judge what
// is seen; never decode what was not measured first; never keep a file on the disk for longer than the View that refers
// to it.
package sight

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/screen/phash"
)

// Codes of errors, and of what was missed. What is wrong with a container has the codes of package media, and what went
// wrong in ffmpeg those of package ffmpeg.
const (
	CodeUnsupported colophon.Code = "sight-unsupported" // args "format", "rule": nothing here looks into such a file
	CodeDamaged     colophon.Code = "sight-damaged"     // args "format", "rule": it can't be decoded
	CodePixels      colophon.Code = "sight-pixels"      // arg "limit"
	CodePoor        colophon.Code = "sight-poor"        // too little is to be seen for a hash
	CodeFrames      colophon.Code = "sight-frames"      // arg "limit": more frames, pages or pictures than are looked at
	CodeKeys        colophon.Code = "sight-keys"        // args "limit", "count": more scenes than key frames, and how many went
	CodeLength      colophon.Code = "sight-length"      // arg "limit", in seconds
	CodeTracks      colophon.Code = "sight-tracks"      // args "kind", "limit"
	CodeSound       colophon.Code = "sight-sound"       // there is sound, and it was not asked for
	CodeDrawing     colophon.Code = "sight-drawing"     // a drawing in vectors, of which the text alone was read
	CodeSubtitles   colophon.Code = "sight-subtitles"   // subtitles that are pictures
	CodePart        colophon.Code = "sight-part"        // arg "part": nothing here looks into a part of the document
	CodeText        colophon.Code = "sight-text"        // arg "limit", in bytes
)

// Limits bound what is looked at. A field that is 0 stands for a default.
type Limits struct {
	Bytes     int64         // of a picture or document, which are read as a whole; 64 MiB, and never more
	Pixels    int           // of a picture, of a page, of the canvas of an animation; 1<<25
	Frames    int           // of an animation, or pages, or pictures in a document, that are looked at; 512
	KeyFrames int           // pictures that are taken of a video or an animation; 64
	Length    time.Duration // of video and sound; an hour
	Tracks    int           // of one kind in a file; 4
	Side      int           // pixels of the longest side of a small picture; 1280
	Text      int           // bytes of text; 8 MiB
}

// Options say what is wanted beside hashes and text.
type Options struct {
	Name     string // a file name, for formats that are known by it
	Pictures bool   // small pictures
	Sound    bool   // sound for a transcriber
	// Progress is told how many seconds of how many were gone over, where the file is video or sound.
	Progress func(done, total float64)
}

// View is what was found in a file.
type View struct {
	Format   media.Format
	Pictures []Picture
	Sounds   []Sound
	Texts    []Text
	// Missed is what was not looked at, each by the rule that kept it out, as findings of level doubt. Nobody may take such
	// a file for one that was looked at.
	Missed []colophon.Finding
}

// Picture is a picture, a page, or a key frame that stands for those that look like it.
type Picture struct {
	Part    string        // of a document: which part it is, by number; of a video: which track; else empty
	Page    int           // of a file with many, from 0
	At      time.Duration // in a video or an animation
	Hash    phash.Hash
	Turned  [phash.Turns]phash.Hash // of the picture turned and mirrored
	Quality int                     // below phash.MinQuality the hashes are worth nothing
	Small   []byte                  // JPEG of at most Limits.Side pixels; nil where it was not asked for
}

// Sound is one track of sound as a transcriber takes it: FLAC of 16,000 samples a second and one channel.
type Sound struct {
	Part   string       // which track it is
	Source media.Source // readable for as long as somebody holds it; it has no name on the disk
}

// Text is a piece of text.
type Text struct {
	Part string // of a document: which part it is in, by number; of a video: which track; empty where the file is the text
	Text string
}

// Eye looks at files. It is safe for use by many goroutines.
type Eye struct {
	tools  *ffmpeg.Tools
	limits Limits
}

// New makes an eye. Where tools is nil it is blind to video and sound, and says so.
func New(tools *ffmpeg.Tools, l Limits) *Eye {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.Pixels, 1<<25)
	set(&l.Frames, 512)
	set(&l.KeyFrames, 64)
	set(&l.Tracks, 4)
	set(&l.Side, 1280)
	set(&l.Text, 8<<20)
	if l.Bytes <= 0 || l.Bytes > media.MaxStructure {
		l.Bytes = media.MaxStructure
	}
	if l.Length <= 0 {
		l.Length = time.Hour
	}
	return &Eye{tools, l}
}

// Look looks at a file, as far as the limits let it. A cancelled context ends it with the context's error.
func (e *Eye) Look(ctx context.Context, src media.Source, o Options) (*View, error) {
	f, err := detect(src, o.Name)
	if err != nil {
		return nil, err
	}
	g := &gaze{Eye: e, ctx: ctx, options: o, view: &View{Format: f}}
	if err := g.file(src, f); err != nil {
		return nil, err
	}
	if v := g.view; len(v.Pictures)+len(v.Sounds)+len(v.Texts) == 0 && g.first != nil {
		return nil, g.first
	}
	return g.view, nil
}

// bmp is the one format that is looked into and has no container, because nothing can be written into it.
const bmp media.Format = "bmp"

func detect(src media.Source, name string) (media.Format, error) {
	_, f, err := all.Detect(src, name)
	if err != nil || f != media.Unknown {
		return f, err
	}
	if head, err := media.Head(src, 2); err != nil || string(head) != "BM" {
		return f, err
	}
	return bmp, nil
}

// gaze is one look at one file.
type gaze struct {
	*Eye
	ctx     context.Context
	options Options
	view    *View
	quick   bool // the hashes may differ by some bits from those that take longer
	hasher  phash.Hasher
	spent   int   // pixels so far
	text    int   // bytes of text so far
	first   error // the first that kept something from being looked at
}

// file looks at a file. An error is what ends the look; what only keeps something from being looked at is noted down.
func (g *gaze) file(src media.Source, f media.Format) error {
	facts, _ := media.Facts(f)
	switch f {
	case media.JPEG, media.PNG, media.APNG, media.GIF, media.WebP, media.TIFF, media.AVIF, bmp:
		return g.picture(src, f, "")
	case media.SVG, media.HTML, media.Markdown, media.Text, media.DOCX, media.XLSX, media.PPTX, media.DOTX, media.XLTX, media.POTX, media.EPUB:
		return g.paper(src, f)
	}
	if facts.Modality == media.ModalityVideo || facts.Modality == media.ModalityAudio {
		return g.film(src)
	}
	return unsupported(f, "only pictures, video, sound, and documents whose text can be had")
}

// miss notes down what was not looked at. Args alternate names and values.
func (g *gaze) miss(code colophon.Code, args ...string) {
	f := colophon.Finding{Code: code, Level: colophon.Doubt, Clause: colophon.ClauseDS10, Offset: -1}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	g.view.Missed = append(g.view.Missed, f)
}

// pass notes an error down as something that was missed, and lets the look go on. What is no fault of the file ends it.
func (g *gaze) pass(err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(g.ctx); cause != nil {
		return cause
	}
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind == colophon.Internal {
		return err
	}
	if g.first == nil {
		g.first = err
	}
	g.view.Missed = append(g.view.Missed, colophon.Finding{Code: e.Code, Level: colophon.Doubt, Clause: colophon.ClauseDS10, Args: e.Args, Offset: -1})
	return nil
}

func unsupported(f media.Format, rule string) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: CodeUnsupported, Args: colophon.Args{"format": name(f), "rule": rule}}
}

func damaged(f media.Format, rule string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeDamaged, Args: colophon.Args{"format": name(f), "rule": rule}, Err: err}
}

func tooMany(code colophon.Code, limit int) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: code, Args: colophon.Args{"limit": strconv.Itoa(limit)}}
}

// name is how a format is called in a sentence.
func name(f media.Format) string {
	if f == media.Unknown {
		return "?"
	}
	return string(f)
}
