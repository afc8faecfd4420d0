package durable

// LinkNew is the way to rename where the system can't refuse to overwrite in one step.
func LinkNew(from, to string) error { return linkNew(from, to) }
