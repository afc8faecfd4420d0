package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
)

const signs = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// TestCode finds each wrong sign, and each two that changed places.
func TestCode(t *testing.T) {
	t.Parallel()
	const code = "7Q2M9KX4T5"
	sound := ""
	for _, last := range signs {
		if c, ok := desk.TidyCode(code[:9] + string(last)); ok {
			sound += c
		}
	}
	if len(sound) != 10 {
		t.Fatalf("of 32 last signs these fit: %q", sound)
	}
	for i := range sound {
		for _, r := range signs {
			wrong := sound[:i] + string(r) + sound[i+1:]
			if _, ok := desk.TidyCode(wrong); ok != (wrong == sound) {
				t.Errorf("%s for %s is taken: %t", wrong, sound, ok)
			}
		}
		for j := range i {
			b := []byte(sound)
			b[i], b[j] = b[j], b[i]
			if _, ok := desk.TidyCode(string(b)); ok != (string(b) == sound) {
				t.Errorf("%s for %s is taken: %t", b, sound, ok)
			}
		}
	}
	for typed, want := range map[string]bool{strings.ToLower(sound): true, desk.ShowCode(sound): true, " " + sound[:3] + " " + sound[3:]: true, sound[:9]: false, sound + "0": false, "": false, strings.Repeat("-", 70): false} {
		if got, ok := desk.TidyCode(typed); ok != want || ok && got != sound {
			t.Errorf("%q: %q, %t", typed, got, ok)
		}
	}
}

func FuzzTidyCode(f *testing.F) {
	for _, s := range []string{"", "7Q2M9-KX4T5", "oooooooooo", "il il il il il", "7q2m9kx4t\xff", "ⅻ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := desk.TidyCode(s)
		if !ok {
			return
		}
		if len(code) != 10 || strings.Trim(code, signs) != "" {
			t.Errorf("%q", code)
		}
		if again, ok := desk.TidyCode(desk.ShowCode(code)); !ok || again != code {
			t.Errorf("%q is read as %q", code, again)
		}
	})
}

func TestParseTriage(t *testing.T) {
	t.Parallel()
	const rest = `"abuse":{"open":5,"unfounded":3,"share":5,"days":30},"burst":{"reports":5,"hours":24}}`
	for name, c := range map[string]struct{ text, field string }{
		"least":      {`{"weights":[],` + rest, ""},
		"a weight":   {`{"weights":[{"kind":"fraud","add":5,"why":"desk-priority-kind"}],` + rest, ""},
		"kind":       {`{"weights":[{"kind":"gossip","add":5,"why":"desk-priority-kind"}],` + rest, "weights.0"},
		"ground":     {`{"weights":[{"ground":"gossip","add":5,"why":"desk-priority-kind"}],` + rest, "weights.0"},
		"party":      {`{"weights":[{"party":"press","add":5,"why":"desk-priority-kind"}],` + rest, "weights.0"},
		"why":        {`{"weights":[{"add":5,"why":"desk-priority-mood"}],` + rest, "weights.0"},
		"much":       {`{"weights":[{"add":101,"why":"desk-priority-kind"}],` + rest, "weights.0"},
		"below none": {`{"weights":[{"reports":-1,"add":1,"why":"desk-priority-kind"}],` + rest, "weights.0"},
		"no abuse":   {`{"weights":[],"burst":{"reports":5,"hours":24}}`, "abuse"},
		"one is all": {strings.Replace(`{"weights":[],`+rest, `"reports":5`, `"reports":1`, 1), "burst"},
		"unknown":    {`{"mood":1,` + rest, "json"},
		"more":       {`{"weights":[],` + rest + "{}", "json"},
		"nothing":    {``, "json"},
	} {
		_, err := desk.ParseTriage([]byte(c.text))
		var e *colophon.Error
		if errors.As(err, &e); (err == nil) != (c.field == "") || err != nil && (e.Code != desk.CodeTriage || e.Args["field"] != c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := desk.DefaultTriage(); err != nil {
		t.Error(err)
	}
}

func FuzzParseTriage(f *testing.F) {
	f.Add([]byte(`{"weights":[{"kind":"fraud","add":5,"why":"desk-priority-kind"}],"abuse":{"open":5,"unfounded":3,"share":5,"days":30},"burst":{"reports":5,"hours":24}}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := desk.ParseTriage(raw)
		if err != nil {
			return
		}
		var c desk.Case
		if p := table.Priority(c, 3, c.Made, c.Made); p.Score < 0 || p.Score > 100 {
			t.Errorf("priority %d", p.Score)
		}
	})
}
