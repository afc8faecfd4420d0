package identity

// ReadLines reads a file as an import does, and tells how many lines it could read.
func ReadLines(file []byte) (int, []LineError) {
	lines, wrong := readLines(file)
	return len(lines), wrong.Lines
}
