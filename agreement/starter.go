package agreement

import "embed"

//go:embed starter/*.md
var starter embed.FS

// Starters returns the starter texts, which a provider adapts. Supporters have no platform convention and no label methods.
func Starters() ([]Draft, error) {
	var list []Draft
	for _, audience := range Audiences() {
		for _, kind := range needed(audience) {
			d := Draft{Kind: kind, Audience: audience}
			for language, text := range map[string]*string{"zh": &d.Texts.ZH, "en": &d.Texts.EN} {
				raw, err := starter.ReadFile("starter/" + string(kind) + "." + string(audience) + "." + language + ".md")
				if err != nil {
					return nil, err
				}
				*text = string(raw)
			}
			list = append(list, d)
		}
	}
	return list, nil
}
