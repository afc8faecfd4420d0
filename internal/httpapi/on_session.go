package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/staff"
)

// sessionRoutes are how a program acts for a person of the staff, as the command line does.
func sessionRoutes() []route {
	return []route{
		{post, "/v1/sessions", "sign-in", "", "sessions", small, 201, do((*server).signIn), "Sign in as a person of the staff, with a password; the token goes where an API key would", 0},
		{del, "/v1/sessions", "sign-out", staff.SessionEnd, "sessions", 0, 204, do((*server).signOut), "End the session that asks", 0},
	}
}

type signInInput struct {
	Body struct {
		Login    string `json:"login" minLength:"1" maxLength:"256" doc:"Login name."`
		Password string `json:"password" minLength:"1" maxLength:"1024" doc:"Password."`
	}
}

type signInOutput struct {
	Body struct {
		Token string       `json:"token" doc:"Token of the session, for the header Authorization: Bearer. It is shown this once; who has it can do what the person can."`
		Until time.Time    `json:"until" doc:"When the session ends at the latest."`
		Roles []staff.Role `json:"roles" nullable:"false" doc:"Roles of the person."`
	}
}

// signIn opens a session. Guesses are counted as on the page.
func (s *server) signIn(ctx context.Context, in *signInInput) (*signInOutput, error) {
	open, err := s.Roster.SignIn(ctx, in.Body.Login, in.Body.Password, staff.Attempt{Source: askerOf(ctx).by.Source.Addr()})
	if err != nil {
		return nil, err
	}
	out := &signInOutput{}
	out.Body.Token, out.Body.Until, out.Body.Roles = open.Token, open.Session.Ends, open.Account.Roles
	return out, nil
}

// signOut ends the session.
func (s *server) signOut(ctx context.Context, _ *nothing) (*nothing, error) {
	return nil, s.Roster.SignOut(ctx, askerOf(ctx).session)
}
