package keyword

// free is the list of cells that no node has yet, in a ring through cell 0, and the bases in use.
type free struct {
	next, prev []int32 // next is -1 for a cell in use
	based      []bool
	hint       int32 // where the search goes on
	single     bool  // rows of one letter have begun
}

func newFree(n int) *free {
	f := &free{}
	f.grow(max(n, 2))
	return f
}

func (f *free) grow(n int) {
	old := len(f.next)
	f.next, f.prev, f.based = append(f.next, make([]int32, n-old)...), append(f.prev, make([]int32, n-old)...), append(f.based, make([]bool, n-old)...)
	last := f.prev[0]
	for i := max(old, 1); i < n; i++ {
		f.next[last], f.prev[i] = int32(i), last
		last = int32(i)
	}
	f.next[last], f.prev[0] = 0, last
}

func (f *free) take(i int32) {
	f.next[f.prev[i]], f.prev[f.next[i]] = f.next[i], f.prev[i]
	f.next[i] = -1
	if int(f.next[0]) == 0 {
		f.grow(len(f.next) * 5 / 4)
	}
}

// fit returns a base, new and above zero, at which all letters of a row fall on free cells.
func (f *free) fit(row []uint16) int32 {
	if len(row) == 1 && !f.single { // rows are placed widest first; the single ones begin anew and fill the holes
		f.single, f.hint = true, 0
	}
	for f.next[f.hint] < 0 {
		if f.hint++; int(f.hint) == len(f.next) {
			f.grow(len(f.next) * 5 / 4)
		}
	}
	e := f.hint
	if e == 0 {
		e = f.next[0]
	}
	for tries := 0; ; e = f.next[e] {
		if tries++; tries%64 == 0 || len(row) == 1 && e != 0 {
			f.hint = e
		}
		if e == 0 || int(e)+int(row[len(row)-1]) >= len(f.next) {
			last := f.prev[0]
			f.grow(len(f.next)*5/4 + 1<<16)
			if e == 0 {
				e = last
				continue
			}
		}
		b := e - int32(row[0])
		if b < 1 || f.based[b] {
			continue
		}
		fits := true
		for _, c := range row[1:] {
			if f.next[b+int32(c)] < 0 {
				fits = false
				break
			}
		}
		if fits {
			f.based[b] = true
			return b
		}
	}
}
