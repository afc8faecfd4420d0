package markdown

import "bytes"

// Body returns where the text behind all front matter begins: that in YAML which may hold the label, one or two of them,
// or one in TOML between lines of "+++". text is the beginning of a file of size bytes.
func Body(text []byte, size int64) (int, error) {
	parts, err := parse(text[:min(len(text), window)], size)
	if err != nil {
		return 0, err
	}
	if len(parts) > 0 {
		return parts[len(parts)-1].end, nil
	}
	start := mark(text)
	line, at := lineAt(text, start)
	if !fence(line, "+++") {
		return start, nil
	}
	for at < len(text) {
		if line, at = lineAt(text, at); fence(bytes.TrimLeft(line, " \t"), "+++") {
			return at, nil
		}
	}
	return start, nil
}
