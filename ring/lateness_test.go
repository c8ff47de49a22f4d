package ring

import (
	"testing"
	"time"
)

func TestLag(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name        string
		delays      []time.Duration
		least, most time.Duration
	}{
		{"nothing measured", nil, 0, 0},
		{"all before their token", []time.Duration{-ms, -5 * ms, -ms}, 0, 0},
		{"steady", repeated(10*ms, 100), 10 * ms, 11 * ms},
		{"a slow network now and then", append(repeated(0, 50), 50*ms), 50 * ms, 60 * ms},
		{"never beyond the bound", repeated(5*time.Second, 100), 100 * ms, 100 * ms},
	}
	for _, test := range tests {
		var l lateness
		for _, d := range test.delays {
			l.note(d)
		}
		if got := l.lag(100 * ms); got < test.least || got > test.most {
			t.Errorf("%s: lag %v, want %v to %v", test.name, got, test.least, test.most)
		}
	}
}

func repeated(d time.Duration, n int) (list []time.Duration) {
	for range n {
		list = append(list, d)
	}
	return list
}

// What may be asked for was on the token a rotation ago and is older than lag,
// however fast the ring turns [B16 section 3.1].
func TestCheckpoints(t *testing.T) {
	const most = 100 * time.Millisecond
	for _, rotation := range []time.Duration{10 * time.Microsecond, time.Millisecond, 30 * time.Millisecond, time.Second} {
		for _, lag := range []time.Duration{0, time.Millisecond, 40 * time.Millisecond, most} {
			var c checkpoints
			var ripe Seq
			visits := int(10*most/rotation) + 20
			for i := range visits {
				now := Time(i) * rotation
				ripe = c.visit(now, Seq(i+1), lag, most) // one packet a rotation
				latest := Seq(0)                         // that may be asked for
				if old := min(now-lag, now-rotation); old >= 0 {
					latest = Seq(old/rotation) + 1
				}
				if ripe > latest {
					t.Fatalf("rotation %v, lag %v: %d asked for at %v, when %d was old enough", rotation, lag, ripe, now, latest)
				}
			}
			// Not later than an eighth of the greatest lag, and a rotation, after that.
			due := Seq((Time(visits-1)*rotation-max(lag, rotation)-most/8)/rotation) - 1
			if ripe < due {
				t.Errorf("rotation %v, lag %v: in the end up to %d asked for, want %d", rotation, lag, ripe, due)
			}
		}
	}
}
