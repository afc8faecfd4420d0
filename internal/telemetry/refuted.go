package telemetry

// What a look for refutations of content comes to.
const (
	RefutedNothing  = "nothing"  // nothing is known
	RefutedSame     = "same"     // it is the same content
	RefutedAlike    = "alike"    // it is like what was refuted
	RefutedUnlooked = "unlooked" // nothing was found, and not all could be looked for
	RefutedFault    = "fault"    // nobody could look
)

// Refuted takes what a look for refutations came to: of an upload, of what was produced, or of an answer of a model.
func (t *Telemetry) Refuted(where, outcome string) {
	t.metrics.refuted.WithLabelValues(where, outcome).Inc()
}
