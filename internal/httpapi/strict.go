package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep JSON in a request may nest. What the API takes is flat.
const maxDepth = 8

// strict reads JSON as encoding/json does, but for what two readers would understand differently: a name twice in one
// object, also in other case, text that is no UTF-8, or something after the end. Deep nesting is refused.
func strict(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := walk(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something after the end")
	}
	return json.Unmarshal(data, v)
}

// walk reads one value.
func walk(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deep")
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			folded := strings.ToLower(strings.ToUpper(name.(string))) // encoding/json lets nothing but a string stand here
			if seen[folded] {
				return errors.New("a name stands twice in one object")
			}
			seen[folded] = true
		}
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
