package durable

import "os"

// linkNew renames in two steps where one that refuses to overwrite is not to be had: link(2) fails when the new name is
// taken. A crash between the steps leaves the file under both names.
func linkNew(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}
