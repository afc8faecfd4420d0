package keyword

import "slices"

// emit makes a hit of every keyword that ends at the state. After a repeat of the last letter only keywords that end in
// so many repeats are meant.
func (t *track) emit(repeat bool) {
	for o := t.outputs(t.st); o != 0; {
		out := &t.outs[o]
		o = out.next
		e := &t.s.m.entries[out.owner]
		if !e.valid(t.s.day) {
			continue
		}
		border := t.how == Plain && e.has(endsWord)
		if border && repeat || !border && t.how != Sound && t.at(t.n-1).run != int32(e.tail) {
			continue
		}
		h := open{hit: Hit{Entry: int(out.owner), Level: t.s.m.level(e, t.how), How: t.how}, entry: e, first: t.n - int64(out.letters), last: t.n - 1, border: border}
		switch {
		case border:
			t.open = append(t.open, h)
		case !t.verify(&h):
		case t.s.m.allows:
			t.open = append(t.open, h)
		default:
			t.s.hits = append(t.s.hits, h.hit)
		}
	}
}

// verify checks what the classes do not tell, and fills in the place.
func (t *track) verify(h *open) bool {
	head, top := t.at(h.first), t.at(h.last)
	h.hit.Start, h.hit.End, h.hit.RuneStart, h.hit.RuneEnd = head.start, top.end, head.runes, top.runesEnd
	e := h.entry
	switch {
	case t.how == Sound:
		return t.spoken(h) && !t.plain(h)
	case t.how == Loose:
		return !t.plain(h)
	case e.has(startsWord) && head.edge:
		return false
	case e.has(anyWord) || e.has(repeats):
		return t.sameRuns(h)
	}
	return true
}

// soundLetters is the number of letters from which a keyword typed in pinyin alone is told from other Latin text.
const soundLetters = 6

// spoken reports whether the text has the syllables of the keyword: each is one character, or letters that are typed.
func (t *track) spoken(h *open) bool {
	if h.last-h.first+1 < soundLetters && t.typed(h) {
		return false
	}
	t.s.scratch = t.fold.letters(t.s.scratch[:0], t.s.m.text(h.entry))
	return t.syllables(h.first, h.last+1, t.s.scratch)
}

// typed reports whether all letters of a hit stand in the text as Latin letters.
func (t *track) typed(h *open) bool {
	for n := h.first; n <= h.last; n++ {
		if t.at(n).spoken {
			return false
		}
	}
	return true
}

// syllables reports whether the letters from a record up to another are some reading of the characters of a keyword.
func (t *track) syllables(n, end int64, word []letter) bool {
	if len(word) == 0 || n == end {
		return len(word) == 0 && n == end
	}
	from := word[0].from
	if s := t.fold.sound(from); t.stands(n, end, s) && t.syllables(n+int64(len(s)), end, word[1:]) {
		return true
	}
	for _, s := range t.fold.readings[from] {
		if t.stands(n, end, s) && t.syllables(n+int64(len(s)), end, word[1:]) {
			return true
		}
	}
	return false
}

// stands reports whether a syllable stands at a record, in one character or in letters.
func (t *track) stands(n, end int64, syllable string) bool {
	last := n + int64(len(syllable)) - 1
	if last >= end {
		return false
	}
	for i := range len(syllable) {
		rec := t.at(n + int64(i))
		if rec.class != t.sieve.class[syllable[i]-'a'] || rec.spoken != t.at(n).spoken || rec.spoken && rec.head != (i == 0) {
			return false
		}
	}
	return t.at(last).tail
}

// sameRuns holds repeats and gaps against the keyword. A letter of a word stands as often as in the keyword, or is drawn
// out to three and more, or all are doubled; white space parts a word only where the keyword has some, or everywhere.
func (t *track) sameRuns(h *open) bool {
	t.s.scratch = t.fold.letters(t.s.scratch[:0], t.s.m.text(h.entry))
	doubled, parted := true, true
	for n := h.first; n <= h.last; n++ {
		rec := t.at(n)
		doubled = doubled && rec.run > 1
		parted = parted && (n == h.first || rec.gap)
	}
	for i, l := range t.s.scratch {
		rec := t.at(h.first + int64(i))
		if int(rec.run) < l.run || i > 0 && l.word && rec.space && !l.gap && !parted {
			return false
		}
		if l.word && int(rec.run) != l.run && rec.run < 3 && !doubled {
			return false
		}
	}
	return true
}

// plain reports whether the text spells the keyword out, so that the first pass has the hit.
func (t *track) plain(h *open) bool {
	t.s.scratch = t.fold.letters(t.s.scratch[:0], t.s.m.text(h.entry))
	i := 0
	for n := h.first; n <= h.last; n++ {
		rec := t.at(n)
		if !rec.head {
			continue
		}
		if i == len(t.s.scratch) || t.s.scratch[i].r != rec.r || rec.joined || rec.odd && n > h.first {
			return false
		}
		i++
	}
	return i == len(t.s.scratch)
}

// resolve decides about the hits that wait for the end of a word; on says that the word goes on.
func (t *track) resolve(on bool) {
	keep := t.open[:0]
	for i := range t.open {
		h := t.open[i]
		if h.border {
			if on && !h.entry.has(anywhere) || !t.verify(&h) {
				continue
			}
			h.border = false
		}
		keep = append(keep, h)
	}
	t.open = keep
}

// settle hands out the hits that no allowed phrase can cover any more.
func (t *track) settle() {
	if len(t.open) == 0 {
		return
	}
	live := t.n - int64(t.depth(t.st)) // the first record of what may still become a match
	if t.s.m.allows {
		t.open = slices.DeleteFunc(t.open, t.covered)
	}
	keep := t.open[:0]
	for _, h := range t.open {
		switch {
		case h.border || t.s.m.allows && live <= h.first && t.st != 0:
			keep = append(keep, h)
		case h.entry.level != Allow:
			t.s.hits = append(t.s.hits, h.hit)
		}
	}
	t.open = keep
}

// covered reports whether an allowed phrase spans a hit.
func (t *track) covered(h open) bool {
	return h.entry.level != Allow && slices.ContainsFunc(t.open, func(a open) bool {
		return a.entry != nil && a.entry.level == Allow && !a.border && a.first <= h.first && a.last >= h.last
	})
}
