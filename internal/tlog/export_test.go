package tlog

// ParsePath is parsePath.
func ParsePath(path string) (level int, index uint64, width int, err error) { return parsePath(path) }

// CutEntries is cutEntries.
func CutEntries(raw []byte, n int) ([][]byte, int, error) { return cutEntries(raw, n) }
