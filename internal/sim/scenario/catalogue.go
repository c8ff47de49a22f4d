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
		oneIdentity(),
		wallClock(),
		reverted(),
		sickLog(),
		sendErrors(),
		wrongJoiner(),
		lowInExchange(),
		keyRotation(),
		changesInPhases(),
		manyGroups(),
	}
}

// sickLog is SCN-29. The core writes no log; it is the shell that must not wait
// for one.
func sickLog() Scenario {
	return Scenario{ID: "SCN-29", Title: "the log blocks; the disk is full", Elsewhere: []string{"daemon: TestSickLog, TestLogDoesNotBlock", "internal/lab"}}
}
