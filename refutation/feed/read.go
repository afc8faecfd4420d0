package feed

import (
	"bufio"
	"encoding/hex"
	"errors"
	"io"
	"strconv"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Checkpoint reads a checkpoint that the key of a provider signed, and compares its size with what was seen of the feed.
func Checkpoint(raw []byte, key note.Verifier, seen Head) (Head, error) {
	c, err := evidence.ParseCheckpoint(raw, key)
	if err != nil {
		return Head{}, err
	}
	h := Head{Size: c.Size}
	if c.Size > 0 {
		h.Digest = hex.EncodeToString(c.Root[:])
	} else if c.Root != [32]byte{} {
		return Head{}, invalid("0", "checkpoint", errors.New("an empty feed has a head"))
	}
	switch {
	case h.Size < seen.Size:
		return Head{}, refuse(CodeShrunk, colophon.Args{"seen": strconv.FormatUint(seen.Size, 10), "size": strconv.FormatUint(h.Size, 10)})
	case h.Size == seen.Size && h != seen:
		return Head{}, forked(seen)
	}
	return h, nil
}

// Read reads a feed of somebody else: the checkpoint, which was fetched first, and lines that begin with the first, or with
// the first after what was seen. It returns the entries that are new and what is seen now. Lines behind the checkpoint are
// left for the next time. With an error nothing is to be used.
func Read(lines io.Reader, checkpoint []byte, key note.Verifier, seen Head) ([]Entry, Head, error) {
	signed, err := Checkpoint(checkpoint, key, seen)
	if err != nil || signed == seen {
		return nil, seen, err
	}
	limited := &io.LimitedReader{R: lines, N: MaxRead + 1}
	scanner := bufio.NewScanner(limited)
	scanner.Buffer(make([]byte, 0, 64<<10), MaxLine+2)
	scanner.Split(whole)
	var list []Entry
	var at Head
	for first := true; at.Size < signed.Size && scanner.Scan(); first = false {
		e, err := ParseLine(scanner.Bytes())
		if err != nil {
			return nil, seen, err
		}
		if first && e.Sequence == seen.Size+1 {
			at = seen
		}
		if e.Sequence != at.Size+1 || e.Prev != at.Digest {
			if first && seen.Size > 0 && e.Sequence == seen.Size+1 {
				return nil, seen, forked(seen)
			}
			return nil, seen, refuse(CodeBroken, colophon.Args{"line": strconv.FormatUint(e.Sequence, 10)})
		}
		at = Head{e.Sequence, digest(scanner.Bytes())}
		if at.Size == seen.Size && at != seen {
			return nil, seen, forked(seen)
		}
		if at.Size > seen.Size {
			list = append(list, e)
		}
	}
	switch err := scanner.Err(); {
	case limited.N <= 0 || errors.Is(err, bufio.ErrTooLong):
		return nil, seen, &colophon.Error{Kind: colophon.Unsupported, Code: CodeLong, Args: colophon.Args{"limit": strconv.Itoa(MaxRead >> 20)}}
	case err != nil:
		return nil, seen, err
	case at.Size < signed.Size:
		return nil, seen, refuse(CodeShort, colophon.Args{"size": strconv.FormatUint(signed.Size, 10), "lines": strconv.FormatUint(at.Size, 10)})
	case at != signed:
		return nil, seen, refuse(CodeBroken, colophon.Args{"line": strconv.FormatUint(at.Size, 10)})
	}
	return list, at, nil
}

// whole splits into lines that have their end: what is behind the last end may be half a line.
func whole(data []byte, atEOF bool) (int, []byte, error) {
	n, line, err := bufio.ScanLines(data, atEOF)
	if n > 0 && data[n-1] != '\n' {
		return len(data), nil, nil
	}
	if n > 0 {
		line = data[:n-1] // ScanLines takes a carriage return away, which is no part of a line's end here
	}
	return n, line, err
}

func refuse(code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Args: args}
}

func forked(seen Head) error {
	return refuse(CodeForked, colophon.Args{"seen": strconv.FormatUint(seen.Size, 10)})
}
