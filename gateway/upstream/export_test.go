package upstream

// Word, Words and After are for the fuzz target.
var (
	Word  = word
	Words = words
	After = after
)
