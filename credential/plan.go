package credential

import (
	"context"
	"io"

	"github.com/colophon-project/colophon/credential/internal/bind"
	"github.com/colophon-project/colophon/credential/internal/carrier"
	"github.com/colophon-project/colophon/credential/internal/jumbf"
	"github.com/colophon-project/colophon/internal/media"
)

// Plan is a file with a manifest that is still to be signed. Its size and the place of the manifest are known.
type Plan struct {
	signer *Signer
	src    media.Source
	format media.Format
	draft  Draft

	label    string // of the manifest
	instance string
	carried  [][]byte
	said     []said
	room     *carrier.Room
	cover    *bind.Cover // what the binding covers of the new file; nil for an update
	storeLen int
}

// Target is where a file is written: bytes in their order, and the manifest into its hole at the end. An *os.File is one.
type Target interface {
	io.Writer
	io.WriterAt
}

// Sizes of the data hash are fixed: numbers are counted as the longest, and padding makes up for shorter ones.
const widest = 1 << 40

// Label is that of the new manifest.
func (p *Plan) Label() string { return p.label }

// Size is the size of the new file in bytes.
func (p *Plan) Size() int64 { return p.room.Edit.Size() }

// build lays the file out.
func (p *Plan) build() error {
	id, err := newUUID(p.signer.Rand)
	if err != nil {
		return err
	}
	p.label = "urn:c2pa:" + id
	if id, err = newUUID(p.signer.Rand); err != nil {
		return err
	}
	p.instance = xmpPrefix + id
	if p.carried, err = p.draft.carried(); err != nil {
		return err
	}
	if p.said, err = p.draft.assertions(); err != nil {
		return err
	}
	blank, err := p.store(make([]byte, 32), bind.Span{Start: widest, Length: widest}, make([]byte, p.signer.reserve()), nil)
	if err != nil {
		return err
	}
	p.storeLen = len(blank)
	if p.room, err = carrier.Make(p.src, p.format, p.storeLen); err != nil {
		return explained(err, p.format)
	}
	if p.draft.Update {
		return nil
	}
	if !carrier.Boxed(p.format) {
		p.cover = bind.NewCover(p.room.Edit.Size(), []bind.Span{{Start: p.room.Offset, Length: p.room.Size}}, nil)
		if carrier.InText(p.format) {
			p.cover = p.cover.Text()
		}
		return nil
	}
	// The hole is no box of the store yet, so it is made one in the view that the boxes are read from.
	filled, err := p.filled(make([]byte, p.storeLen))
	if err != nil {
		return err
	}
	view, err := media.NewView(filled, p.src)
	if err != nil {
		return err
	}
	p.cover, err = bind.Boxes(view)
	return err
}

// binding returns the assertion that binds the content, of a size that does not depend on the values.
func (p *Plan) binding(hash []byte, hole bind.Span) (said, error) {
	if carrier.Boxed(p.format) {
		raw, err := encode.Marshal(bind.BMFF{Exclusions: bind.Written(), Alg: SHA256, Hash: hash, Name: "boxes"})
		return said{label: "c2pa.hash.bmff.v3", raw: jumbf.CBOR("c2pa.hash.bmff.v3", raw)}, err
	}
	longest, err := encode.Marshal(bind.Data{Exclusions: []bind.Span{{Start: widest, Length: widest}}, Alg: SHA256, Hash: hash, Name: "store", Pad: []byte{}})
	if err != nil {
		return said{}, err
	}
	h := bind.Data{Exclusions: []bind.Span{hole}, Alg: SHA256, Hash: hash, Name: "store", Pad: []byte{}}
	raw, err := encode.Marshal(h)
	if err != nil {
		return said{}, err
	}
	h.Pad = make([]byte, len(longest)-len(raw))
	raw, err = encode.Marshal(h)
	return said{label: KindDataHash, raw: jumbf.CBOR(KindDataHash, raw)}, err
}

// store returns the whole store. Sign makes the signature over the claim; without it the signature is as given.
func (p *Plan) store(hash []byte, hole bind.Span, signature []byte, sign func(claim []byte) ([]byte, error)) ([]byte, error) {
	list := p.said
	if !p.draft.Update {
		bound, err := p.binding(hash, hole)
		if err != nil {
			return nil, err
		}
		list = append(append([]said(nil), list...), bound)
	}
	claim := claim2{
		Alg: SHA256, InstanceID: p.instance, Generator: p.draft.Generator, Title: p.draft.Title, Redacted: p.draft.Redact,
		Signature: jumbf.URI(labelStore, p.label, labelSignature),
	}
	var boxes [][]byte
	for i := range list {
		boxes = append(boxes, list[i].raw)
		if list[i].gathered {
			claim.Gathered = append(claim.Gathered, list[i].link())
		} else {
			claim.Created = append(claim.Created, list[i].link())
		}
	}
	raw, err := encode.Marshal(claim)
	if err != nil {
		return nil, err
	}
	if sign != nil {
		if signature, err = sign(raw); err != nil {
			return nil, err
		}
	}
	kind := "c2ma"
	if p.draft.Update {
		kind = "c2um"
	}
	m := jumbf.Super(jumbf.Named(kind), p.label,
		jumbf.Super(jumbf.Named("c2as"), labelAssertions, boxes...),
		jumbf.Super(jumbf.Named("c2cl"), labelClaim2, jumbf.Leaf("cbor", raw)),
		jumbf.Super(jumbf.Named("c2cs"), labelSignature, jumbf.Leaf("cbor", signature)))
	return jumbf.Super(jumbf.Named("c2pa"), labelStore, append(append([][]byte(nil), p.carried...), m)...), nil
}

// signed returns the bytes that fill the hole.
func (p *Plan) signed(ctx context.Context, hash []byte) ([]byte, error) {
	store, err := p.store(hash, bind.Span{Start: p.room.Offset, Length: p.room.Size}, nil, func(claim []byte) ([]byte, error) { return p.signer.sign(ctx, claim) })
	if err != nil {
		return nil, err
	}
	if len(store) != p.storeLen {
		return nil, contentError("a manifest of another size than planned: " + itoa(len(store)-p.storeLen))
	}
	return p.room.Frame(store), nil
}

// filled returns the file with something in the hole.
func (p *Plan) filled(store []byte) (*media.Edit, error) { return p.inHole(p.room.Frame(store)) }

func (p *Plan) inHole(frame []byte) (*media.Edit, error) {
	view, err := media.NewView(p.room.Edit, p.src)
	if err != nil {
		return nil, err
	}
	e := new(media.Edit)
	e.Keep(0, p.room.Offset)
	e.Put(frame)
	e.Keep(p.room.Offset+p.room.Size, p.room.Edit.Size()-p.room.Offset-p.room.Size)
	return view.Compose(e)
}

// Write writes the file, signs it on the way, and puts the manifest into its hole: one pass over the content. The target
// MUST be empty; what was written is worth nothing when there is an error.
func (p *Plan) Write(ctx context.Context, dst Target) error {
	var hash []byte
	if p.cover == nil {
		if err := p.room.Edit.Apply(writer{ctx, dst}, p.src); err != nil {
			return err
		}
	} else {
		h := p.cover.Hasher(SHA256)
		both := newTee(writer{ctx, dst}, h)
		err := p.room.Edit.Apply(both, p.src)
		both.close()
		if err != nil {
			return err
		}
		hash = h.Sum(nil)
	}
	frame, err := p.signed(ctx, hash)
	if err != nil {
		return err
	}
	_, err = dst.WriteAt(frame, p.room.Offset)
	return err
}

// Edit returns the signed file as an edit of the source, for callers that put more on top or copy within the kernel. It
// reads the content once for the hash.
func (p *Plan) Edit(ctx context.Context) (*media.Edit, error) {
	var hash []byte
	if p.cover != nil {
		view, err := media.NewView(p.room.Edit, p.src)
		if err != nil {
			return nil, err
		}
		if hash, err = p.cover.Of(view, SHA256); err != nil {
			return nil, err
		}
	}
	frame, err := p.signed(ctx, hash)
	if err != nil {
		return nil, err
	}
	return p.inHole(frame)
}

// writer stops when the context does, and hides what else a file can do, so that all bytes come by.
type writer struct {
	ctx context.Context
	w   io.Writer
}

func (w writer) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(b)
}
