package cli

import (
	"bytes"
	"io"
	"strings"
)

// columns prints cells that tabs part, each column as wide as its widest cell on a screen: a Chinese sign takes two places
// there, which package text/tabwriter does not know.
type columns struct {
	to   io.Writer
	text bytes.Buffer
}

func (s *session) columns() *columns { return &columns{to: s.Stdout} }

// Write takes text until Flush.
func (c *columns) Write(p []byte) (int, error) { return c.text.Write(p) }

// Flush prints what was written. The last cell of a row is not filled up, and empty ones at its end are left out.
func (c *columns) Flush() error {
	var rows [][]string
	var widest []int
	for line := range strings.Lines(c.text.String()) {
		row := strings.Split(strings.TrimRight(line, "\t\n"), "\t")
		for i, cell := range row {
			if i == len(widest) {
				widest = append(widest, 0)
			}
			widest[i] = max(widest[i], places(cell))
		}
		rows = append(rows, row)
	}
	c.text.Reset()
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			c.text.WriteString(cell + strings.Repeat(" ", widest[i]-places(cell)+2))
		}
		c.text.WriteString(row[len(row)-1] + "\n")
	}
	_, err := c.text.WriteTo(c.to)
	return err
}

// places are how many columns of a screen a text takes.
func places(text string) int {
	n := 0
	for _, r := range text {
		n += signPlaces(r)
	}
	return n
}

func signPlaces(r rune) int {
	if r >= 0x2e80 {
		return 2
	}
	return 1
}
