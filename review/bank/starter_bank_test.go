package bank_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/review/bank"
)

// mostAlike is how much of their three-character pieces two questions of a kind may share, in hundredths.
const mostAlike = 45

// fewest is how many questions of each risk and aspect the starter bank says that it has.
const fewest = 22

func starter(t *testing.T) bank.Bank {
	t.Helper()
	var all []byte
	for _, k := range bank.Kinds() {
		text, err := os.ReadFile(filepath.Join("starter", string(k)+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		part, err := bank.Parse(bytes.NewReader(text), bank.JSONL)
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		for _, q := range part.Questions {
			if q.Kind != k {
				t.Errorf("%s stands in the file of kind %s", q.ID, k)
			}
		}
		all = append(all, text...)
	}
	b, err := bank.Parse(bytes.NewReader(all), bank.JSONL)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestStarterBank holds the starter bank against what its README.md says of it.
func TestStarterBank(t *testing.T) {
	t.Parallel()
	b := starter(t)
	readme, err := os.ReadFile("starter/README.md")
	if err != nil {
		t.Fatal(err)
	}
	count := map[bank.Kind]map[string]int{}
	for _, k := range bank.Kinds() {
		count[k] = map[string]int{}
	}
	for _, q := range b.Questions {
		count[q.Kind][q.Topic()]++
		count[q.Kind][""]++
	}
	for _, k := range bank.Kinds() {
		for _, topic := range bank.Topics(k) {
			if n := count[k][topic.ID]; n < fewest {
				t.Errorf("%s has %d questions of %s, fewer than %d", k, n, topic.ID, fewest)
			}
		}
	}
	var rows []string
	for _, r := range bank.Risks() {
		refuse := "–"
		if class := bank.Class(r.ID); class == "A.1" || class == "A.2" {
			refuse = fmt.Sprint(count[bank.ShouldRefuse][r.ID])
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %d | %s |", r.ID, r.Zh, count[bank.Generation][r.ID], refuse))
	}
	for _, a := range bank.Aspects() {
		rows = append(rows, fmt.Sprintf("| %s | %s | %d |", a.ID, a.Zh, count[bank.ShouldNotRefuse][a.ID]))
	}
	rows = append(rows,
		fmt.Sprintf("| | **合计 total** | %d | %d |", count[bank.Generation][""], count[bank.ShouldRefuse][""]),
		fmt.Sprintf("| | **合计 total** | %d |", count[bank.ShouldNotRefuse][""]),
		fmt.Sprintf("%d、%d、%d。", count[bank.Generation][""], count[bank.ShouldRefuse][""], count[bank.ShouldNotRefuse][""]),
		fmt.Sprintf("%d, %d and %d.", count[bank.Generation][""], count[bank.ShouldRefuse][""], count[bank.ShouldNotRefuse][""]))
	for _, row := range rows {
		if !strings.Contains(string(readme), row+"\n") {
			t.Errorf("README.md has not the line %q", row)
		}
	}
}

// TestStarterBankVaries compares every two questions of a kind.
func TestStarterBankVaries(t *testing.T) {
	t.Parallel()
	type set struct {
		id     string
		pieces map[string]bool
	}
	sets := map[bank.Kind][]set{}
	for _, q := range starter(t).Questions {
		s := set{q.ID, map[string]bool{}}
		text := []rune(bank.Fold(q.Text))
		for i := range len(text) - 2 {
			s.pieces[string(text[i:i+3])] = true
		}
		for _, other := range sets[q.Kind] {
			same := 0
			for p := range s.pieces {
				if other.pieces[p] {
					same++
				}
			}
			if of := len(s.pieces) + len(other.pieces) - same; 100*same > mostAlike*of {
				t.Errorf("%s and %s share %d of %d pieces", s.id, other.id, same, of)
			}
		}
		sets[q.Kind] = append(sets[q.Kind], s)
	}
}
