package bind_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/colophon-project/colophon/credential/internal/bind"
	"github.com/colophon-project/colophon/credential/internal/carrier"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

func digest(parts ...[]byte) []byte {
	h := sha256.Sum256(bytes.Join(parts, nil))
	return h[:]
}

func offset(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

type fields = map[string]any

// judge judges a file by a hash over boxes, in CBOR.
func judge(src media.Source, version int, hash []byte, proofs ...bind.Proof) (status.Code, error) {
	var h bind.BMFF
	if err := cbor.Unmarshal(hash, &h); err != nil {
		return "", err
	}
	return h.Verify(src, version, bind.SHA256, proofs)
}

// judgeNamed judges a file by a hash over boxes that have names.
func judgeNamed(src media.Source, f media.Format, hash fields) (status.Code, error) {
	raw, err := cbor.Marshal(hash)
	if err != nil {
		return "", err
	}
	var h bind.Named
	if err := cbor.Unmarshal(raw, &h); err != nil {
		return "", err
	}
	there, err := carrier.Boxes(src, f)
	if err != nil {
		return "", err
	}
	return h.Verify(src, there, bind.SHA256)
}

// TestBMFF judges files by hashes that are worked out here from the text of the specification.
func TestBMFF(t *testing.T) {
	t.Parallel()
	ftyp := box.Append(nil, "ftyp", []byte("isomisom"))
	leaf := box.Append(nil, "leaf", []byte{1, 0, 0, 3}, []byte("leaf"))
	moov := box.Append(nil, "moov", box.Append(nil, "trak", leaf), box.Append(nil, "trak", leaf))
	free := box.Append(nil, "free", make([]byte, 9))
	mdat := box.Append(nil, "mdat", bytes.Repeat([]byte("sample"), 30))
	file := bytes.Join([][]byte{ftyp, moov, free, mdat}, nil)
	m, d := len(ftyp), len(ftyp)+len(moov)+len(free)
	standard := []fields{{"xpath": "/ftyp"}, {"xpath": "/free"}}
	// The first trak ends where the second begins; its leaf begins 8 bytes into it.
	second := 8 + 8 + len(leaf)
	for _, c := range []struct {
		name       string
		version    int
		exclusions []fields
		hash       []byte
		want       status.Code
	}{
		{"version 1", 1, standard, digest(moov, mdat), status.BMFFMatch},
		{"version 3", 3, standard, digest(offset(m), moov, offset(d), mdat), status.BMFFMatch},
		{"another hash", 3, standard, digest(moov, mdat), status.BMFFMismatch},
		{"nothing left out", 3, nil, digest(file), status.BMFFMalformed},
		{"a path", 3, append(standard, fields{"xpath": "/moov/trak/leaf"}), digest(offset(m), moov[:16], moov[second:second+8], offset(d), mdat), status.BMFFMatch},
		{"the second of a kind", 3, append(standard, fields{"xpath": "/moov/trak[2]"}), digest(offset(m), moov[:second], offset(d), mdat), status.BMFFMatch},
		{"a part", 3, append(standard, fields{"xpath": "/mdat", "subset": []fields{{"offset": 16, "length": 0}}}), digest(offset(m), moov, offset(d), mdat[:16]), status.BMFFMatch},
		{"parts", 3, append(standard, fields{"xpath": "/mdat", "subset": []fields{{"offset": 0, "length": 10}, {"offset": 20, "length": 4}}}),
			digest(offset(m), moov, offset(d), mdat[10:20], mdat[24:]), status.BMFFMatch},
		{"parts in disorder", 3, append(standard, fields{"xpath": "/mdat", "subset": []fields{{"offset": 20, "length": 4}, {"offset": 0, "length": 10}}}), digest(mdat), status.BMFFMalformed},
		{"flags", 3, append(standard, fields{"xpath": "/moov/trak/leaf", "flags": []byte{0, 0, 3}, "version": 1}), digest(offset(m), moov[:16], moov[second:second+8], offset(d), mdat), status.BMFFMatch},
		{"other flags", 3, append(standard, fields{"xpath": "/moov/trak/leaf", "flags": []byte{0, 0, 1}}), digest(offset(m), moov, offset(d), mdat), status.BMFFMatch},
		{"another version", 3, append(standard, fields{"xpath": "/moov/trak/leaf", "version": 0}), digest(offset(m), moov, offset(d), mdat), status.BMFFMatch},
		{"a length", 3, append(standard, fields{"xpath": "/moov", "length": len(moov)}), digest(offset(d), mdat), status.BMFFMatch},
		{"another length", 3, append(standard, fields{"xpath": "/moov", "length": 7}), digest(offset(m), moov, offset(d), mdat), status.BMFFMatch},
		{"data", 3, append(standard, fields{"xpath": "/mdat", "data": []fields{{"offset": 8, "value": []byte("sample")}}}), digest(offset(m), moov), status.BMFFMatch},
		{"other data", 3, append(standard, fields{"xpath": "/mdat", "data": []fields{{"offset": 9, "value": []byte("sample")}}}), digest(offset(m), moov, offset(d), mdat), status.BMFFMatch},
	} {
		raw, err := cbor.Marshal(fields{"exclusions": c.exclusions, "alg": "sha256", "hash": c.hash})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := judge(media.Memory(file), c.version, raw); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

// TestMerkle judges trees over blocks of samples and over fragments.
func TestMerkle(t *testing.T) {
	t.Parallel()
	samples := bytes.Repeat([]byte("0123456789"), 7)
	ftyp, mdat := box.Append(nil, "ftyp", []byte("isomisom")), box.Append(nil, "mdat", make([]byte, 8), samples)
	file := media.Memory(append(bytes.Clone(ftyp), mdat...))
	var leaves [][]byte
	for at := 0; at < len(samples); at += 16 {
		leaves = append(leaves, digest(samples[at:min(len(samples), at+16)]))
	}
	up := [][]byte{digest(leaves[0], leaves[1]), digest(leaves[2], leaves[3]), leaves[4]}
	root := digest(digest(up[0], up[1]), up[2])
	check := func(name string, want status.Code, src media.Source, tree fields, proofs ...fields) {
		t.Helper()
		raw, err := cbor.Marshal(fields{"exclusions": []fields{{"xpath": "/ftyp"}}, "alg": "sha256", "merkle": []fields{tree}})
		if err != nil {
			t.Fatal(err)
		}
		list := make([]bind.Proof, len(proofs))
		for i, p := range proofs {
			b, err := cbor.Marshal(p)
			if err == nil {
				err = cbor.Unmarshal(b, &list[i])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, err := judge(src, 3, raw, list...); err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	tree := func(count int, hashes [][]byte, more ...any) fields {
		f := fields{"uniqueId": 1, "localId": 1, "count": count, "hashes": hashes}
		for i := 0; i < len(more); i += 2 {
			f[more[i].(string)] = more[i+1]
		}
		return f
	}
	check("leaves", status.BMFFMatch, file, tree(5, leaves, "fixedBlockSize", 16))
	check("a row", status.BMFFMatch, file, tree(5, up, "fixedBlockSize", 16))
	check("the root", status.BMFFMatch, file, tree(5, [][]byte{root}, "fixedBlockSize", 16))
	check("sizes", status.BMFFMatch, file, tree(2, [][]byte{digest(samples[:20]), digest(samples[20:])}, "variableBlockSizes", []int{20, 50}))
	check("one leaf", status.BMFFMatch, file, tree(1, [][]byte{digest(samples)}))
	check("another root", status.BMFFMismatch, file, tree(5, [][]byte{leaves[0]}, "fixedBlockSize", 16))
	check("too few", status.BMFFMismatch, file, tree(4, [][]byte{root}, "fixedBlockSize", 16))
	check("sizes that don't fit", status.BMFFMismatch, file, tree(2, leaves[:2], "variableBlockSizes", []int{20, 20}))
	check("two kinds of sizes", status.BMFFMalformed, file, tree(2, leaves[:2], "variableBlockSizes", []int{20, 50}, "fixedBlockSize", 16))

	var parts [][]byte
	fragments := bytes.Clone(ftyp)
	for i := range 3 {
		fragment := append(box.Append(nil, "moof", []byte{byte(i)}), box.Append(nil, "mdat", samples[:i+1])...)
		half := len(box.Append(nil, "moof", []byte{0}))
		parts = append(parts, digest(offset(len(fragments)), fragment[:half], offset(len(fragments)+half), fragment[half:]))
		fragments = append(fragments, fragment...)
	}
	proof := func(at int, hashes ...[]byte) fields {
		return fields{"uniqueId": 1, "localId": 1, "location": at, "hashes": hashes}
	}
	top := [][]byte{digest(digest(parts[0], parts[1]), parts[2])}
	proofs := []fields{proof(0, parts[1], parts[2]), proof(1, parts[0], parts[2]), proof(2, digest(parts[0], parts[1]))}
	check("fragments", status.BMFFMatch, media.Memory(fragments), tree(3, top), proofs...)
	check("a proof too short", status.BMFFMismatch, media.Memory(fragments), tree(3, top), proofs[0], proof(1, parts[0]), proofs[2])
	check("a proof too long", status.BMFFMismatch, media.Memory(fragments), tree(3, top), proofs[0], proofs[1], proof(2, digest(parts[0], parts[1]), parts[0]))
	check("a fragment missing", status.BMFFMismatch, media.Memory(fragments), tree(3, top), proofs[:2]...)
	fragments[len(fragments)-1] ^= 1
	check("a fragment changed", status.BMFFMismatch, media.Memory(fragments), tree(3, top), proofs...)
}

// TestNamedBoxes judges a PNG file by a hash over its chunks.
func TestNamedBoxes(t *testing.T) {
	t.Parallel()
	chunk := func(typ, content string) []byte {
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(content))), typ+content...), 1, 2, 3, 4)
	}
	head, ihdr, idat, iend := []byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", "0123456789012"), chunk("IDAT", "pixels"), chunk("IEND", "")
	file := media.Memory(bytes.Join([][]byte{head, ihdr, chunk("caBX", "store"), idat, iend}, nil))
	named := func(hash []byte, names ...string) fields {
		return fields{"names": names, "alg": "sha256", "hash": hash, "pad": []byte{}}
	}
	first, store, rest := named(digest(head, ihdr), "PNGh", "IHDR"), named([]byte{0}, "C2PA"), named(digest(idat, iend), "IDAT", "IEND")
	for _, c := range []struct {
		name  string
		boxes []fields
		want  status.Code
	}{
		{"all", []fields{first, store, rest}, status.BoxesMatch},
		{"without the signature", []fields{named(digest(ihdr), "IHDR"), store, rest}, status.BoxesMatch},
		{"another hash", []fields{first, store, named(digest(idat), "IDAT", "IEND")}, status.BoxesMismatch},
		{"left out", []fields{first, store, {"names": []string{"IDAT"}, "hash": []byte{0}, "excluded": true}, named(digest(iend), "IEND")}, status.BoxesMatch},
		{"one unknown", []fields{first, store, named(digest(idat), "IDAT", "tEXt")}, status.BoxesUnknown},
		{"one too few", []fields{first, store, named(digest(idat), "IDAT")}, status.BoxesUnknown},
		{"one too many", []fields{first, store, rest, rest}, status.BoxesUnknown},
		{"the store among others", []fields{first, named(digest(idat), "C2PA", "IDAT"), named(digest(iend), "IEND")}, status.BoxesMalformed},
		{"none", nil, status.BoxesMalformed},
	} {
		if got, err := judgeNamed(file, media.PNG, fields{"alg": "sha256", "boxes": c.boxes}); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

// FuzzBMFF judges files by hashes that anybody may have made: never a panic, and a match is the sum of what is covered.
func FuzzBMFF(f *testing.F) {
	ftyp, mdat := box.Append(nil, "ftyp", []byte("isomisom")), box.Append(nil, "mdat", bytes.Repeat([]byte("samples!"), 9))
	moof := box.Append(nil, "moof", []byte{1})
	file := bytes.Join([][]byte{ftyp, box.Append(nil, "moov"), moof, mdat}, nil)
	left := []fields{{"xpath": "/ftyp"}, {"xpath": "/moov/trak[2]", "subset": []fields{{"offset": 1, "length": 2}}, "flags": []byte{0, 0, 1}, "version": 1}}
	for _, h := range []fields{
		{"exclusions": left, "alg": "sha256", "hash": digest(file)},
		{"exclusions": left, "merkle": []fields{{"uniqueId": 1, "localId": 1, "count": 5, "hashes": [][]byte{digest(file)}, "fixedBlockSize": 16}}},
		{"exclusions": left, "merkle": []fields{{"uniqueId": 1, "localId": 1, "count": 1, "hashes": [][]byte{digest(file)}, "initHash": digest(ftyp), "variableBlockSizes": []int{3, 4}}}},
	} {
		raw, err := cbor.Marshal(h)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file, raw, 3)
		f.Add(append(bytes.Clone(ftyp), mdat...), raw, 2)
	}
	f.Fuzz(func(t *testing.T, file, hash []byte, version int) {
		code, err := judge(media.Memory(file), version%4, hash, bind.Proof{Location: 0}, bind.Proof{Location: int64(version), Hashes: [][]byte{hash}})
		if err == nil && code == status.BMFFMatch && len(hash) < sha256.Size {
			t.Fatal("a match without a sum")
		}
	})
}
