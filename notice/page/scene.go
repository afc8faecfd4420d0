package page

import (
	"encoding/json"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/glb"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
)

// SceneKey is the member of asset.extras that describes a scene's notice.
const SceneKey = "AIGCNotice"

// plateDescription tells a viewer what to show on the start frame of a scene (Labelling Measures Art. 4 (5)), and is
// readable to a person who looks into the file.
type plateDescription struct {
	Text       string  `json:"text"`
	Language   string  `json:"language"`
	Placement  string  `json:"placement"`  // always "start-frame"
	Corner     string  `json:"corner"`     // of the view
	MinHeight  float64 `json:"minHeight"`  // of the words, as a part of the view's shortest side
	MinSeconds float64 `json:"minSeconds"` // for which it stands
	Foreground string  `json:"foreground"`
	Background string  `json:"background"`
}

// scene writes the description. The scene's geometry is not touched.
func (j *job) scene(src media.Source) (*media.Edit, error) {
	j.report.Place, j.report.Method, j.report.Around = "start frame, shown by the viewer", "overlay", j.words
	j.report.Contrast = contrast(ink, plate)
	value, there, err := glb.Extra(src, SceneKey)
	if err != nil {
		return nil, err
	}
	if there {
		var old plateDescription
		if json.Unmarshal(value, &old) != nil || !prose.IsWords(old.Text) {
			return nil, media.Unsupported("glTF JSON", 0, "asset.extras."+SceneKey+" is something else than a notice")
		}
		j.there, j.found, j.report.Around = true, old.Text, old.Text
		return nil, nil
	}
	corner := j.o.Corner
	if corner == "" {
		corner = notice.TopRight
	}
	value, err = json.Marshal(plateDescription{
		Text: j.words, Language: prose.Tongue(j.words), Placement: "start-frame", Corner: string(corner),
		MinHeight: notice.MinInk, MinSeconds: notice.MinSeconds, Foreground: "#1a1a1a", Background: "#ffffff",
	})
	if err != nil {
		return nil, err
	}
	return glb.WithExtra(src, SceneKey, value)
}
