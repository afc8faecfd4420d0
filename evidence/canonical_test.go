package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// slowly is the same by the decoder of the standard library.
func slowly(raw []byte) ([]byte, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("the text is not UTF-8")
	}
	if loneSurrogate(raw) {
		return nil, errors.New("the text holds half of a surrogate pair")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	out, err := slowValue(make([]byte, 0, len(raw)), dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the value")
	}
	return out, nil
}

func slowValue(out []byte, dec *json.Decoder, depth int) ([]byte, error) {
	token, err := dec.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, t), nil
	case string:
		return appendString(out, t), nil
	case json.Number:
		return appendNumber(out, t)
	case json.Delim:
		if depth == maxDepth {
			return nil, errors.New("nested too deep")
		}
		if t == '[' {
			return slowArray(out, dec, depth+1)
		}
		return slowObject(out, dec, depth+1)
	}
	return nil, fmt.Errorf("unexpected %v", token)
}

func slowArray(out []byte, dec *json.Decoder, depth int) ([]byte, error) {
	out = append(out, '[')
	var err error
	for first := true; dec.More(); first = false {
		if !first {
			out = append(out, ',')
		}
		if out, err = slowValue(out, dec, depth); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	return append(out, ']'), nil
}

// slowMember is one name of an object with its value, canonical already.
type slowMember struct {
	name  string
	units []uint16 // the name in UTF-16, by which members are sorted
	value []byte
}

func slowObject(out []byte, dec *json.Decoder, depth int) ([]byte, error) {
	var members []slowMember
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("a name is no string")
		}
		value, err := slowValue(nil, dec, depth)
		if err != nil {
			return nil, err
		}
		members = append(members, slowMember{name, utf16.Encode([]rune(name)), value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	slices.SortFunc(members, func(a, b slowMember) int { return slices.Compare(a.units, b.units) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if m.name == members[i-1].name {
				return nil, errors.New("a name stands twice in one object")
			}
			out = append(out, ',')
		}
		out = appendString(out, m.name)
		out = append(out, ':')
		out = append(out, m.value...)
	}
	return append(out, '}'), nil
}

// FuzzCanonical compares the two ways to write a text.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":1,"a":[true,null,-0,1e3,0.1,12345678901234567890]}`, `{"\u00e9":"\ud83d\ude00","e":"\/\n","":{}}`, ` [ 1 , { "x" : [ ] } ] `, `{"a":1,"a":2}`, `{"\ud83d\ude00":1,"\ufb33":2,"\u20ac":3}`, `1`, `"`, `[1,]`, `{"a":1}x`, `-`, `01`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Canonicalise(raw)
		want, fault := slowly(raw)
		if (err == nil) != (fault == nil) || !bytes.Equal(got, want) {
			t.Errorf("%q: %q %v, want %q %v", raw, got, err, want, fault)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	v := map[string]any{"number": "01a20536-e8bf-732a-bb46-b43c79af309d", "marks": map[string]any{"label": map[string]string{"Label": "1", "ProduceID": "x"}, "notice": []int{1, 2, 3}}, "size": 1200, "function": "dialogue"}
	for b.Loop() {
		if _, err := Canonical(v); err != nil {
			b.Fatal(err)
		}
	}
}
