package sim

// Style is how the faults of a plan are drawn and what a run is judged by
// (correctness reference 5.4).
type Style string

// The styles of random plans.
const (
	// Healing: faults stop at a drawn time; then the cluster must come together
	// and deliver everything.
	Healing Style = "healing"
	// Safety: faults go on to the end of the run, and nothing is asked of the
	// time after them.
	Safety Style = "safety"
	// Liveness: healing, and beside it faults that never end, around a core
	// that must settle.
	Liveness Style = "liveness"
	// Targeted: faults strike on protocol events.
	Targeted Style = "targeted"
	// Soak: long runs with the timing of a real cluster and now and then a
	// fault; at the end everything must be idle again.
	Soak Style = "soak"
	// Faulty: a member with the key lies in its packets. No process may end by
	// that (RNG-6, SEC-9); nothing else is judged.
	Faulty Style = "faulty"
)

// Styles lists them.
func Styles() []Style { return []Style{Healing, Safety, Liveness, Targeted, Soak, Faulty} }

// Draw makes the plan of a seed in a style.
func Draw(seed uint64, style Style, mode Mode) *Plan {
	var p *Plan
	switch style {
	case Safety:
		p = generateSafety(seed, mode)
	case Liveness:
		p = GeneratePermanent(seed, mode)
	case Targeted:
		p = generateTargeted(seed, mode)
	case Soak:
		p = generateSoak(seed, mode)
	case Faulty:
		p = generateFaulty(seed, mode)
	default:
		style = Healing
		p = Generate(seed, mode)
	}
	p.Drawn = style
	return p
}

// StyleOf is the style of a seed in a mixed batch: a seed means the same plan
// whatever others run beside it. Soaks are too long to be in it.
func StyleOf(seed uint64) Style {
	switch seed % 10 {
	case 3, 8:
		return Targeted
	case 5:
		return Safety
	}
	return Healing
}

// generateSafety is Generate with faults that mostly go on, to the end of the
// run or as long as drawn.
func generateSafety(seed uint64, mode Mode) *Plan {
	p := Generate(seed, mode)
	p.Endless = true
	r := stream(seed, "endless")
	for i := range p.Faults {
		if r.chance(300) {
			p.Faults[i].For = p.RunFor
		}
	}
	return p
}
