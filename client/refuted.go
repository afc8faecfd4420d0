package client

// Refuted is a published refutation that is about content. The description of the API says what the fields mean.
type Refuted struct {
	Refutation
	Likeness
}
