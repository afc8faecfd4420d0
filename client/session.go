package client

import (
	"context"
	"net/http"
	"time"
)

// Session is what a person of the staff signed in with. Its token goes where an API key would: Config.Key.
type Session struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
	Roles []string  `json:"roles"`
}

// SignIn opens a session for a person of the staff, who can do what API keys can't, such as give control orders.
func (c *Client) SignIn(ctx context.Context, login, password string) (s Session, err error) {
	return s, c.post(ctx, "/v1/sessions", http.Header{}, map[string]string{"login": login, "password": password}, &s)
}

// SignOut ends the session that the client works with.
func (c *Client) SignOut(ctx context.Context) error {
	resp, err := c.do(ctx, request{method: http.MethodDelete, path: "/v1/sessions"})
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}
