package scenario

// Catalogue is all scenarios, in the order of their ids. It is made anew by
// each call.
func Catalogue() []Scenario {
	return []Scenario{
		staleToken(),
		formTokenAgain(),
		representativeRestarts(),
		memberRestarts(),
		crossedCut(),
		fourRestart(),
		flapping(),
		networkLoop(),
	}
}
