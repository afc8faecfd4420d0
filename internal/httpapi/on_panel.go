package httpapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/staff"
)

// PanelSource is whoever drew samples that people judge, and has what is judged: runs have answers, datasets have items. Sources
// do not own sheets of one another.
type PanelSource interface {
	// Owns reports whether a sheet is of this source, by its name alone.
	Owns(sheet string) bool
	// About says what a sheet is of. One that is not there is an error of kind Missing.
	About(ctx context.Context, sheet string) (PanelAbout, error)
	// Sheets lists the sheets of this source on which judgements are still taken, at least.
	Sheets(ctx context.Context) ([]PanelAbout, error)
	// Show shows a reviewer an item that he has. It MUST check that he has it ([sample.Panel.Held]), and MUST NOT show what others
	// judged.
	Show(ctx context.Context, by ledger.By, item sample.Item) (PanelContent, error)
}

// PanelAbout says what a sample is of.
type PanelAbout struct {
	Sheet string `json:"sheet" doc:"Identifier of the sample."`
	Kind  string `json:"kind" doc:"Whose it is: run, or dataset."`
	Of    string `json:"of" doc:"Identifier of the run or the dataset."`
	Name  string `json:"name" doc:"Its name."`
	Ask   string `json:"ask" doc:"What reviewers are asked, by which pages find the sentence: generation, should-refuse, should-not-refuse, corpus."`
	Open  bool   `json:"open" doc:"Judgements are still taken."`
}

// PanelPart is a text that a reviewer reads.
type PanelPart struct {
	Name string `json:"name" doc:"What it is, by which pages find its heading: question, answer, text."`
	Text string `json:"text" doc:"The text."`
	Cut  bool   `json:"cut,omitempty" doc:"It was longer than is kept."`
	URL  string `json:"url,omitempty" doc:"Where it lies, if it does not lie here."`
}

// PanelFact is something that a reviewer knows of an item beside what he reads.
type PanelFact struct {
	Name  string `json:"name" doc:"What, by which pages find its label."`
	Value string `json:"value" doc:"Its value."`
}

// PanelContent is what a reviewer sees of an item.
type PanelContent struct {
	Topic string      `json:"topic,omitempty" doc:"Risk, aspect or source that it stands for."`
	Parts []PanelPart `json:"parts" nullable:"false" doc:"Texts."`
	Facts []PanelFact `json:"facts,omitempty" nullable:"false" doc:"What else is known of it."`
}

func panelRoutes() []route {
	return []route{
		{get, "/v1/panels", "panels", staff.PanelRead, "runs", 0, 200, do((*server).panelList), "List samples that people judge now", 0},
		{get, "/v1/panels/{sheet}", "panel", staff.PanelRead, "runs", 0, 200, do((*server).panelOne), "How people judged a sample, without who said what", 0},
		{post, "/v1/panels/{sheet}:next", "panel-next", staff.PanelJudge, "runs", 0, 200, once((*server).panelNext), "Take an item to judge: one that you have, or one that nobody has and that you have not judged", 0},
		{get, "/v1/panel-items/{id}", "panel-item", staff.PanelJudge, "runs", 0, 200, do((*server).panelItem), "Show an item that you have", 0},
		{post, "/v1/panel-items/{id}:judge", "panel-judge", staff.PanelJudge, "runs", small, 200, once((*server).panelJudge), "Say what you judge of an item that you have", 0},
	}
}

// Sheeted is the input of operations on one sample.
type Sheeted struct {
	Sheet string `path:"sheet" maxLength:"200" pattern:"^[0-9a-z][0-9a-z.-]*$" patternDescription:"an identifier" doc:"Identifier of the sample." example:"019aab3c-5d1e-7c00-8000-3f6c9f6a1b2d.generation"`
}

// source finds whose a sheet is.
func (s *server) source(sheet string) (PanelSource, error) {
	i := slices.IndexFunc(s.PanelSources, func(p PanelSource) bool { return p.Owns(sheet) })
	if i < 0 {
		return nil, refuse(colophon.Missing, sample.CodeMissing)
	}
	return s.PanelSources[i], nil
}

// PanelState counts items.
type PanelState struct {
	Waiting   int `json:"waiting" doc:"Nobody judged them."`
	Once      int `json:"once" doc:"One person did."`
	Disputed  int `json:"disputed" doc:"Two did, and differ: a third has to."`
	Settled   int `json:"settled" doc:"They need no judgement any more."`
	Withdrawn int `json:"withdrawn" doc:"They are not judged any more."`
}

// PanelTopic is what was judged of one topic.
type PanelTopic struct {
	Topic string `json:"topic" doc:"Risk, aspect or source."`
	Rate  Rate   `json:"rate" doc:"What passed."`
}

// SamplePanel is a sample with what people judged of it.
type SamplePanel struct {
	PanelAbout
	Items  int          `json:"items" doc:"How many were drawn."`
	States PanelState   `json:"states" doc:"How far they are."`
	Rate   Rate         `json:"rate" doc:"What passed. What is not settled counts as what nobody could tell."`
	Raters int          `json:"raters" doc:"People whose judgements kappa is made of; beyond two it is pooled."`
	Kappa  Agreement    `json:"kappa" doc:"How much the first and the second judgement of each item agree."`
	Topics []PanelTopic `json:"topics" nullable:"false" doc:"Topic by topic."`
}

func (s *server) viewPanel(ctx context.Context, about PanelAbout) (SamplePanel, error) {
	t, err := s.Panel.Tally(ctx, about.Sheet)
	if err != nil {
		return SamplePanel{}, err
	}
	v := SamplePanel{PanelAbout: about, Items: t.Items, Rate: Rate(t.All), Raters: t.Raters, Kappa: viewKappa(t.Kappa), Topics: []PanelTopic{},
		States: PanelState{t.States[sample.Waiting], t.States[sample.Once], t.States[sample.Disputed], t.States[sample.Settled], t.States[sample.Withdrawn]}}
	v.Open = v.Open && v.States.Waiting+v.States.Once+v.States.Disputed > 0
	for _, one := range t.Strata {
		v.Topics = append(v.Topics, PanelTopic{one.Name, Rate(one.Rate)})
	}
	return v, nil
}

type panelListOutput struct {
	Body struct {
		Panels []SamplePanel `json:"panels" nullable:"false" doc:"Those with something to judge first."`
	}
}

// maxPanels is how many samples are listed.
const maxPanels = 200

func (s *server) panelList(ctx context.Context, _ *struct{}) (*panelListOutput, error) {
	out := &panelListOutput{}
	out.Body.Panels = []SamplePanel{}
	var all []PanelAbout
	for _, source := range s.PanelSources {
		list, err := source.Sheets(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	for _, about := range foremost(all) {
		v, err := s.viewPanel(ctx, about)
		if err != nil {
			return nil, err
		}
		out.Body.Panels = append(out.Body.Panels, v)
	}
	slices.SortStableFunc(out.Body.Panels, func(a, b SamplePanel) int { return openFirst(a.Open, b.Open) })
	return out, nil
}

// foremost are the samples that are listed, where there are too many: those that are judged now come before those that were.
func foremost(all []PanelAbout) []PanelAbout {
	slices.SortStableFunc(all, func(a, b PanelAbout) int { return openFirst(a.Open, b.Open) })
	return all[:min(len(all), maxPanels)]
}

func openFirst(a, b bool) int {
	rank := map[bool]int{true: 0, false: 1}
	return cmp.Compare(rank[a], rank[b])
}

type panelOutput struct{ Body SamplePanel }

func (s *server) panelOne(ctx context.Context, in *Sheeted) (*panelOutput, error) {
	source, err := s.source(in.Sheet)
	if err != nil {
		return nil, err
	}
	about, err := source.About(ctx, in.Sheet)
	if err != nil {
		return nil, err
	}
	v, err := s.viewPanel(ctx, about)
	return &panelOutput{v}, err
}

// PanelItem is an item of a sample as a reviewer has it: without what others judged, and without a sign whether anybody did.
type PanelItem struct {
	ID      string        `json:"id" doc:"Identifier."`
	Sheet   string        `json:"sheet" doc:"The sample."`
	Unit    string        `json:"unit" doc:"What was drawn, as whoever drew it names it."`
	Until   time.Time     `json:"until" doc:"Until when you have it."`
	About   PanelAbout    `json:"about" doc:"What the sample is of."`
	Content *PanelContent `json:"content,omitempty" doc:"What you judge."`
}

func (s *server) viewItem(ctx context.Context, it sample.Item) (*PanelItem, error) {
	source, err := s.source(it.Sheet)
	if err != nil {
		return nil, err
	}
	v := &PanelItem{ID: it.ID, Sheet: it.Sheet, Unit: it.Unit, Until: it.Lease}
	if v.About, err = source.About(ctx, it.Sheet); err != nil {
		return nil, err
	}
	c, err := source.Show(ctx, ledgerBy(ctx), it)
	v.Content = &c
	return v, err
}

type panelNextInput struct {
	Keyed
	Sheeted
}

type panelNextOutput struct {
	Replayed
	Body struct {
		Item *PanelItem `json:"item,omitempty" doc:"Absent where there is nothing for you."`
	}
}

// panelNext keeps what the item says out of the answer: answers of idempotency keys are kept. It is asked for after it.
func (s *server) panelNext(ctx context.Context, in *panelNextInput) (*panelNextOutput, error) {
	source, err := s.source(in.Sheet)
	if err != nil {
		return nil, err
	}
	about, err := source.About(ctx, in.Sheet)
	if err != nil {
		return nil, err
	}
	list, err := s.Panel.Take(ctx, ledgerBy(ctx), in.Sheet, 1)
	out := &panelNextOutput{}
	if len(list) > 0 {
		it := list[0]
		out.Body.Item = &PanelItem{ID: it.ID, Sheet: it.Sheet, Unit: it.Unit, Until: it.Lease, About: about}
	}
	return out, err
}

type panelItemOutput struct{ Body PanelItem }

func (s *server) panelItem(ctx context.Context, in *Named) (*panelItemOutput, error) {
	it, err := s.Panel.Held(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	v, err := s.viewItem(ctx, it)
	if err != nil {
		return nil, err
	}
	return &panelItemOutput{*v}, nil
}

type panelJudgeInput struct {
	Keyed
	Named
	Body struct {
		Verdict string `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What you judge."`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"Why. It is sealed."`
	}
}

type panelJudgeOutput struct {
	Replayed
	Body struct {
		Sheet string `json:"sheet" doc:"The sample."`
	}
}

func (s *server) panelJudge(ctx context.Context, in *panelJudgeInput) (*panelJudgeOutput, error) {
	v := map[string]colophon.Verdict{"passed": colophon.Passed, "failed": colophon.Failed}[in.Body.Verdict]
	it, err := s.Panel.Judge(ctx, ledgerBy(ctx), in.ID, v, in.Body.Note)
	out := &panelJudgeOutput{}
	out.Body.Sheet = it.Sheet
	return out, err
}
