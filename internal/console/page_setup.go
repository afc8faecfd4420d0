package console

func showSetUp(v *visit) error { return v.show("setup", nil) }

// setUp makes the first officer.
func setUp(v *visit) error {
	password, err := v.newPassword()
	if err != nil {
		return err
	}
	o, err := v.Roster.SetUp(v.r.Context(), v.sent("token"), v.sent("login"), password, v.attempt())
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send("/")
}

func showInvitation(v *visit) error { return v.show("invitation", nil) }

// accept takes up an invitation.
func accept(v *visit) error {
	password, err := v.newPassword()
	if err != nil {
		return err
	}
	o, err := v.Roster.Accept(v.r.Context(), v.sent("token"), password, v.attempt())
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send("/")
}
