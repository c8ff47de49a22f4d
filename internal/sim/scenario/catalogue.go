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
		nonTransitive(),
		deafOrMute(),
		oneMoreChange(),
		fourRestart(),
		massStart(),
		partitionAndCrash(),
		countersPass(),
		sizesAtEdges(),
		betweenFragments(),
		pauses(),
		slowReceiver(),
		largeLost(),
		otherHolder(),
		tailCut(),
		safeAtEveryStep(),
		senderLost(),
		ghosts(),
		threeMerge(),
		flapping(),
		networkLoop(),
		wallClock(),
		sendErrors(),
	}
}
