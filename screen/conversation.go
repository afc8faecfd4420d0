package screen

import (
	"container/list"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon/evidence"
)

// reach is how many bytes before and after the border of two messages a keyword is looked for that lies on both sides.
const reach = 512

// speaker is who says the messages that are read on from each other.
type speaker struct {
	subject evidence.Subject
	service string
	name    string // of the conversation
	by      string
}

// conversations keep the end of what each speaker said, in memory alone: at most so many, for so long, the one that was
// silent for longest goes first. What is kept is text and not the state of a scanner, so it outlives a change of the library.
type conversations struct {
	most int
	age  time.Duration

	mu    sync.Mutex
	ends  map[speaker]*list.Element
	order *list.List // of *ending, the last used first
}

type ending struct {
	speaker
	text string
	at   time.Time
}

func newConversations(most int, age time.Duration) *conversations {
	return &conversations{most: most, age: age, ends: map[speaker]*list.Element{}, order: list.New()}
}

// end returns how the last message of a speaker ended.
func (c *conversations) end(s speaker, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.ends[s]
	if !ok || now.Sub(e.Value.(*ending).at) > c.age {
		return ""
	}
	return e.Value.(*ending).text
}

// keep keeps how the conversation of a speaker ends now.
func (c *conversations) keep(s speaker, text string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.ends[s]; ok {
		c.drop(e)
	}
	c.ends[s] = c.order.PushFront(&ending{s, text, now})
	for last := c.order.Back(); last != nil; last = c.order.Back() {
		if c.order.Len() <= c.most && now.Sub(last.Value.(*ending).at) <= c.age {
			break
		}
		c.drop(last)
	}
}

// forget drops what an account said.
func (c *conversations) forget(subject evidence.Subject) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s, e := range c.ends {
		if s.subject == subject {
			c.drop(e)
		}
	}
}

func (c *conversations) drop(e *list.Element) {
	delete(c.ends, e.Value.(*ending).speaker)
	c.order.Remove(e)
}

// ended is the end of a text that goes on with more.
func ended(before, more string) string {
	if len(more) < reach {
		more = before + more
	}
	from := max(len(more)-reach, 0)
	for from < len(more) && from > 0 && !utf8.RuneStart(more[from]) {
		from++
	}
	return string([]byte(more[from:])) // a copy, so that it does not keep the whole text
}
