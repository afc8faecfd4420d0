package inspection

import (
	"fmt"
	"strconv"
	"strings"
)

// Lines says where a proof stands, without its picture, by whoever says sentences.
func (p Proof) Lines(say func(key string, args ...string) string) (list []string) {
	var parts []string
	if p.Offset != nil {
		parts = append(parts, say("inspection-proof-offset", "offset", strconv.FormatInt(*p.Offset, 10)))
	}
	if p.Field != "" {
		parts = append(parts, say("inspection-proof-field", "field", p.Field))
	}
	if p.Field != "" && p.Value != "" {
		parts = append(parts, say("inspection-proof-value", "value", p.Value))
	}
	if p.To != "" {
		parts = append(parts, say("inspection-proof-time", "from", p.From, "to", p.To))
	}
	if b := p.Box; b != nil {
		whole := func(v float64) string { return fmt.Sprintf("%.0f", v) }
		parts = append(parts, say("inspection-proof-box", "x", whole(b.X), "y", whole(b.Y), "width", whole(b.Width), "height", whole(b.Height)))
	}
	if len(parts) > 0 {
		list = append(list, strings.Join(parts, " · "))
	}
	return list
}
