package telemetry_test

import (
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/telemetry"
)

func TestPulse(t *testing.T) {
	t.Parallel()
	var p telemetry.Pulse
	noon := time.Date(2026, 11, 22, 12, 0, 30, 0, time.UTC)
	for i := range 100 {
		p.Add(noon, time.Duration(i+1)*time.Millisecond, i < 3, i == 99)
	}
	p.Add(noon.Add(-59*time.Minute), 5*time.Second, false, false)
	p.Add(noon.Add(-30*time.Minute), 0, true, false)
	minutes, hour := p.Last(noon)
	if len(minutes) != 60 || hour.Calls != 102 || hour.Filtered != 4 || hour.Failed != 1 {
		t.Fatalf("%d minutes, the hour %+v", len(minutes), hour)
	}
	last := minutes[59]
	if !last.Begins.Equal(noon.Truncate(time.Minute)) || last.Calls != 100 || minutes[0].Calls != 1 || minutes[29].P50 != 0 || minutes[29].Calls != 1 {
		t.Errorf("%+v, first %+v, half past %+v", last, minutes[0], minutes[29])
	}
	for _, q := range []struct{ got, real time.Duration }{{last.P50, 50 * time.Millisecond}, {last.P99, 99 * time.Millisecond}, {minutes[0].P99, 5 * time.Second}} {
		if q.got < q.real || q.got > q.real*142/100 {
			t.Errorf("%v instead of %v, rounded up", q.got, q.real)
		}
	}
	// An hour later nothing of it is left, and a minute whose place is taken again begins anew.
	p.Add(noon.Add(time.Hour), time.Second, false, false)
	minutes, hour = p.Last(noon.Add(time.Hour))
	if hour.Calls != 1 || minutes[59].Calls != 1 || minutes[59].P50 < time.Second {
		t.Errorf("an hour later %+v", hour)
	}
	if _, hour = p.Last(noon.Add(48 * time.Hour)); hour.Calls != 0 || hour.P99 != 0 {
		t.Errorf("two days later %+v", hour)
	}
}
