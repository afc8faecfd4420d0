package console

import (
	"context"
	"errors"
	"net/url"

	"github.com/colophon-project/colophon/client"
)

// fetching asks an operation of the API for a page of what it lists.
type fetching[T any] func(context.Context, client.Listing) ([]T, string, error)

// through goes through what an operation lists, page by page, until a function has seen enough or an error comes. It reports
// whether there are more than it may visit.
func through[T any](ctx context.Context, fetch fetching[T], filter url.Values, most int, do func(T) (enough bool, err error)) (more bool, err error) {
	cursor, n := "", 0
	for {
		list, next, err := fetch(ctx, client.Listing{Filter: filter, Cursor: cursor, Limit: walkSize})
		if err != nil {
			return false, err
		}
		for _, x := range list {
			if n == most {
				return true, nil
			}
			n++
			if enough, err := do(x); enough || err != nil {
				return false, err
			}
		}
		if next == "" {
			return false, nil
		}
		if cursor == next {
			return false, errors.New("the list does not go on")
		}
		cursor = next
	}
}

// gathered are the entries that an operation lists, and whether there are more of them.
func gathered[T any](ctx context.Context, fetch fetching[T], filter url.Values, most int) (list []T, more bool, err error) {
	more, err = through(ctx, fetch, filter, most, func(x T) (bool, error) {
		list = append(list, x)
		return false, nil
	})
	return list, more, err
}

// find is the one of what an operation lists that is meant; for things of which there are few.
func find[T any](ctx context.Context, fetch fetching[T], is func(T) bool) (found T, err error) {
	err = missing()
	_, failed := through(ctx, fetch, nil, mostCSV, func(x T) (bool, error) {
		if is(x) {
			found, err = x, nil
		}
		return err == nil, nil
	})
	if failed != nil {
		err = failed
	}
	return found, err
}
