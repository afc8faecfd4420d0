package production

import (
	"context"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/stamp"
)

// Asked is what has to be admitted: that an item of an account is published.
type Asked struct {
	By       evidence.Role
	Number   artefact.Number
	Subject  evidence.Subject
	Function stamp.Function
	Use      Use
	// Again is set where a job or a person goes on with an item that was admitted when it came in: what was spent for its
	// number then is not spent again, and must still be good.
	Again bool
}

// Use says by which registered function an item was made, and whose consent there is. Tokens are kept nowhere.
type Use struct {
	Function string   `json:"function,omitempty"` // identifier of the registered function
	Model    string   `json:"model,omitempty"`
	Template string   `json:"template,omitempty"`
	Purpose  string   `json:"purpose,omitempty"` // what the likeness of people is used for, as consents name it
	Scene    string   `json:"scene,omitempty"`
	Channel  string   `json:"channel,omitempty"`
	Depicted int      `json:"depicted,omitempty"` // how many people's likeness is used; 0 where that was not told
	Consents []string `json:"-"`                  // tokens, one for each person whose face or voice is in it
}

// admit asks whether an item may be published, and returns the context of the work on it: one that ends when the work is
// stopped. The function that comes with it MUST be called when the work is over.
func (l *Line) admit(ctx context.Context, a Asked) (context.Context, func(), error) {
	if l.c.Admit == nil {
		return ctx, func() {}, nil
	}
	return l.c.Admit(ctx, a)
}

// stopped is the reason why work ended, where it was stopped by an order and not by whoever asked.
func stopped(ctx, work context.Context, err error) error {
	if err != nil && work.Err() != nil && ctx.Err() == nil {
		return context.Cause(work)
	}
	return err
}
