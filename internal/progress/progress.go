// Package progress lets work that takes long say how far it is to whoever waits for it, through the layers between them: who
// waits puts a function into the context, and who works tells it. Work tells now and then as it suits, and never depends on
// somebody listening; who listens makes fewer of many.
package progress

import "context"

type key struct{}

// With returns a context in which work tells a function how much is done, and of how much; of is 0 where nobody knows. The
// function may be called from any goroutine, one at a time.
func With(ctx context.Context, tell func(done, of int64)) context.Context {
	return context.WithValue(ctx, key{}, tell)
}

// Tell says how far work is, to whoever waits for it.
func Tell(ctx context.Context, done, of int64) {
	if tell, ok := ctx.Value(key{}).(func(done, of int64)); ok {
		tell(done, of)
	}
}
