package sound

import (
	"bytes"
	"context"
	"encoding/binary"
	"strconv"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

// opusRate is the rate that granule positions count at.
const opusRate = 48000

func putOpus(ctx context.Context, w *work, src media.Source, tools *ffmpeg.Tools) (*media.Edit, error) {
	return putOgg(ctx, w, src, tools, "opus")
}

func putVorbis(ctx context.Context, w *work, src media.Source, tools *ffmpeg.Tools) (*media.Edit, error) {
	return putOgg(ctx, w, src, tools, "ogg")
}

func putOgg(ctx context.Context, w *work, src media.Source, tools *ffmpeg.Tools, ext string) (*media.Edit, error) {
	o, layout := readOgg(ctx, src)
	if layout != nil && !unsupported(layout) {
		return nil, layout
	}
	gain := 0.0
	if layout == nil && o.vorbis == nil {
		gain = float64(int16(binary.LittleEndian.Uint16(o.headers[0][16:]))) / 256
	}
	c, err := openCoded(ctx, src, tools, "in."+ext)
	if err != nil {
		return nil, err
	}
	defer c.scratch.Close()
	if w.there(c.ears) {
		return unchanged(src), nil
	}
	if layout != nil {
		c.render(w, 0)
		return o.anew(ctx, w, c, ext, reasonLayout)
	}
	c.render(w, gain)
	p := &oggPlan{ogg: o, rate: opusRate}
	if o.vorbis != nil {
		p.rate = c.shape.rate
	}
	reason, err := p.notices(ctx, w, c)
	if err != nil {
		return nil, err
	}
	if reason != "" {
		if gain != 0 { // ffmpeg's decoder has put it on already
			c.render(w, 0)
		}
		return o.anew(ctx, w, c, ext, reason)
	}
	return p.edit(w)
}

// anew encodes the whole, with the comments as they were.
func (o *ogg) anew(ctx context.Context, w *work, c *coded, ext, reason string) (*media.Edit, error) {
	made, err := c.anew(ctx, w, "out."+ext, reason)
	if err != nil {
		return nil, err
	}
	n, err := readOgg(ctx, made)
	if err != nil {
		return nil, err
	}
	headers := append([][]byte(nil), n.headers...)
	if len(o.headers) > 1 && o.wanted() == n.wanted() {
		headers[1] = o.headers[1]
	}
	e := new(media.Edit)
	head, seq := lay(n.serial, headers...)
	e.Put(head)
	if n.audio < len(n.pages) {
		e.Stream(n.size(n.audio, len(n.pages)), n.rewrite(n.audio, len(n.pages), change{serial: n.serial, seq: seq, flags: 0xFF}))
	}
	return e, nil
}

// oggPlan is the new file: before, the old one, behind.
type oggPlan struct {
	*ogg
	rate           int // of granule positions
	before, behind *ogg
}

// notices encodes the notice for both ends, or tells why it can't stand beside the programme's packets.
func (p *oggPlan) notices(ctx context.Context, w *work, c *coded) (reason string, err error) {
	encode := p.opus
	if p.vorbis != nil {
		encode = p.vorbisLike
		if p.begin() < 0 {
			return reasonLayout, nil
		}
	}
	known := ""
	if w.start {
		if p.before, known, err = encode(ctx, c, "before", 0, c.shape.pause(), ""); err != nil || p.before == nil {
			return reasonProfile, err
		}
	}
	if w.end {
		if p.behind, _, err = encode(ctx, c, "after", c.shape.pause(), 0, known); err != nil || p.behind == nil {
			return reasonProfile, err
		}
	}
	return "", nil
}

// opus encodes a notice with the programme's channel mapping; nil when ffmpeg makes another one.
func (p *oggPlan) opus(ctx context.Context, c *coded, name string, lead, tail int, _ string) (*ogg, string, error) {
	bits := strconv.Itoa(int(min(max(float64(c.probe.Format.BitRate), 24_000*float64(c.shape.channels)), 256_000*float64(c.shape.channels))))
	b, err := c.encode(ctx, name+".opus", lead, tail, "-c:a", "libopus", "-b:a", bits, "-page_duration", "1000000")
	if err != nil {
		return nil, "", err
	}
	n, err := readOgg(ctx, media.Memory(b))
	if err != nil {
		return nil, "", err
	}
	if own, made := p.headers[0], n.headers[0]; made[9] != own[9] || !bytes.Equal(made[18:], own[18:]) {
		return nil, "", nil
	}
	return n, "", nil
}

// vorbisLike encodes a notice with the programme's own codebooks, which libvorbis has one set of for each rate, number of
// channels and quality; nil when no quality gives them. known is the quality that an earlier call found.
func (p *oggPlan) vorbisLike(ctx context.Context, c *coded, name string, lead, tail int, known string) (*ogg, string, error) {
	if known == "" {
		var err error
		if known, err = p.quality(ctx, c); err != nil || known == "" {
			return nil, "", err
		}
	}
	b, err := c.encode(ctx, name+".ogg", lead, tail, "-c:a", "libvorbis", "-q:a", known)
	if err != nil {
		return nil, "", err
	}
	n, err := readOgg(ctx, media.Memory(b))
	if err != nil {
		return nil, "", err
	}
	if !p.sameSetup(n) {
		return nil, "", nil
	}
	return n, known, nil
}

// quality finds the quality of libvorbis whose headers are the programme's, and "" when there is none. The steps between
// whole qualities share the codebooks of one of them.
func (p *oggPlan) quality(ctx context.Context, c *coded) (string, error) {
	const lowest, highest = -1, 10
	name := func(q int) string { return "quality" + strconv.Itoa(q) + ".ogg" }
	args := []string{"-f", "f32le", "-ar", strconv.Itoa(c.shape.rate), "-ac", strconv.Itoa(c.shape.channels), "-i", "pipe:0"}
	for q := lowest; q <= highest; q++ {
		args = append(args, "-map", "0:a", "-c:a", "libvorbis", "-q:a", strconv.Itoa(q), c.scratch.Path(name(q)))
	}
	if err := c.tools.Run(ctx, args, bytes.NewReader(make([]byte, 4*4096*c.shape.channels)), nil, nil); err != nil {
		return "", err
	}
	for q := lowest; q <= highest; q++ {
		b, err := c.scratch.Read(name(q), maxNotice)
		if err != nil {
			return "", err
		}
		if n, err := readOgg(ctx, media.Memory(b)); err == nil && p.sameSetup(n) {
			return strconv.Itoa(q), nil
		}
	}
	return "", nil
}

// sameSetup reports whether a stream of Vorbis decodes with the programme's headers: channels, rate, block sizes and all
// of the setup.
func (p *oggPlan) sameSetup(n *ogg) bool {
	a, b := p.headers[0], n.headers[0]
	return n.vorbis != nil && bytes.Equal(a[:16], b[:16]) && a[28] == b[28] && bytes.Equal(p.headers[2], n.headers[2])
}

// preSkip is how many samples a decoder of Opus leaves out at the start.
func (o *ogg) preSkip() int64 {
	if o.vorbis != nil {
		return 0
	}
	return int64(binary.LittleEndian.Uint16(o.headers[0][10:]))
}

// edit plans the file: header pages, the notice's pages, the programme's with later positions, the notice's.
func (p *oggPlan) edit(w *work) (*media.Edit, error) {
	const keepAll, notLast = 0xFF, 0xFF &^ 4
	e := new(media.Edit)
	r := &pageReader{src: p.src}
	first, err := r.page(0)
	if err != nil {
		return nil, err
	}
	added, later := int64(0), int64(0)
	full, last := p.samples()
	origin := max(0, p.begin())
	seq := uint32(p.audio)
	if p.before != nil {
		n := p.before
		length, _ := n.samples()
		later = length + seam(n, p.ogg)
		added += later - n.preSkip() + p.preSkip()
		page := bytes.Clone(first)
		if p.vorbis == nil {
			copy(page[oggHead+int(page[oggCount])+10:], n.headers[0][10:12]) // the notice's pre-skip
		}
		e.Put(changed(nil, page, change{serial: p.serial, flags: keepAll}))
		e.Keep(int64(len(first)), p.start()-int64(len(first)))
		var out []byte
		if out, err = n.all(change{serial: p.serial, seq: seq, later: origin, flags: notLast}, origin+length); err != nil {
			return nil, err
		}
		e.Put(out)
		seq += uint32(len(n.pages) - n.audio)
	} else {
		e.Keep(0, p.start())
	}
	to := len(p.pages)
	if p.behind != nil && to > p.audio {
		to--
	}
	if later == 0 {
		e.Keep(p.start(), p.size(p.audio, to))
	} else if to > p.audio {
		e.Stream(p.size(p.audio, to), p.rewrite(p.audio, to, change{serial: p.serial, seq: seq, later: later, flags: keepAll}))
	}
	seq += uint32(to - p.audio)
	if p.behind != nil {
		end := origin + later + full
		if to < len(p.pages) {
			b, err := r.page(p.pages[to].off)
			if err != nil {
				return nil, err
			}
			e.Put(changed(nil, b, change{serial: p.serial, seq: seq, granule: end, flags: notLast}))
			seq++
		}
		joint := p.joint()
		out, err := p.behind.all(change{serial: p.serial, seq: seq, later: end + joint, flags: keepAll}, 0)
		if err != nil {
			return nil, err
		}
		_, length := p.behind.samples()
		added += origin + full - max(last, origin) + joint + length
		e.Put(out)
	}
	w.report.Added = float64(added) / float64(p.rate)
	return e, nil
}

// joint is the seam before the notice at the end: behind the programme, or, where that has no sound, the notice at the
// start.
func (p *oggPlan) joint() int64 {
	if p.vorbis == nil || p.vorbis.any || p.before == nil {
		return seam(p.ogg, p.behind)
	}
	return seam(p.before, p.behind)
}

// start is where sound begins in the file.
func (o *ogg) start() int64 {
	if o.audio < len(o.pages) {
		return o.pages[o.audio].off
	}
	return o.after
}

// all is the pages of sound with changed numbers; the last one ends at the granule position end, when that is positive.
func (o *ogg) all(c change, end int64) ([]byte, error) {
	var out []byte
	r := &pageReader{src: o.src}
	for i := o.audio; i < len(o.pages); i++ {
		b, err := r.page(o.pages[i].off)
		if err != nil {
			return nil, err
		}
		if i == len(o.pages)-1 {
			c.granule = end
		}
		out = changed(out, b, c)
		c.seq++
	}
	return out, nil
}
