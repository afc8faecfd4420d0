package console

// Row is a row of the table of pages, for tests that walk it.
type Row struct {
	Method, Path string
	Shut         bool // to whoever has not signed in
	Held         bool // shut to whoever holds no link
	Form, Script bool
	Shown        bool
	Who          string // anybody, stranger, holder or staff
	Words        []string
	Makes        []string // types of records
}

// Rows returns the table of pages.
func Rows() []Row {
	var rows []Row
	for _, p := range table() {
		rows = append(rows, Row{p.method, p.path, p.who == signedIn, p.who == holder, p.method == post, p.script, p.title != "", map[access]string{anybody: "anybody", stranger: "stranger", holder: "holder", signedIn: "staff"}[p.who], p.words, p.makes})
	}
	return rows
}

// CutBundle is how pages read a bundle of entries of the log.
func CutBundle(raw []byte, n int) ([][]byte, error) { return cutBundle(raw, n) }
