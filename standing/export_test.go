package standing

import (
	"strconv"
	"time"
)

// Try compiles a table and evaluates its first rule.
func Try(t Table) error {
	r, err := compile(t)
	if err != nil {
		return err
	}
	facts := map[string]any{"fn": "f", "category": "c", "high": true, "hour": int64(3), "age": int64(0), "suspensions": int64(0)}
	for _, c := range t.Counters {
		facts[c.Name] = int64(1)
	}
	_, err = r.fires(0, facts)
	return err
}

// LocalBuckets uses n buckets of a node, which stay in use, and returns how many it keeps.
func LocalBuckets(n int, interval time.Duration) int {
	b := newBuckets()
	for i := range n {
		b.take(strconv.Itoa(i), time.Unix(0, 0), interval, 1)
	}
	return len(b.full)
}
