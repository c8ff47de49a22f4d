package check

// Property is one of the named properties of the correctness reference,
// section 2.
type Property uint8

// The properties this package judges.
const (
	INT1 Property = iota
	INT2
	INT3
	INT4
	INT5
	INT6
	CFG1
	CFG2
	CFG3
	CFG4
	CFG5
	CFG6
	CFG7
	CFG8
	SELF1
	VS1
	VS2
	VS3
	FIFO1
	FIFO2
	CAU1
	TOT1
	TOT2
	GAP1
	GAP2
	GAP3
	LOW1
	SAFE1
	SAFE2
	SAFE3
	SAFE4
	RNG1
	RNG2
	RNG3
	RNG4
	RNG5
	RNG6
	RNG7
	RNG8
	RNG9
	RNG10
	RNG11
	MPX1
	MPX2
	MPX3
	MPX4
	MPX5
	MPX6
	MPX7
	MPX8
	GRP1
	GRP2
	GRP3
	GRP4
	GRP5
	GRP6
	GRP7
	GRP8
	GRP9
	GRP10
	GRP11
	CLI1
	CLI2
	CLI3
	CLI4
	CLI5
	CLI6
	LIV1
	LIV2
	LIV3
	LIV4
	LIV5
	LIV6
	LIV7
	LIV8
	PRI1
	PRI2
	PRI3
	properties // how many there are
)

var propertyNames = [properties]string{
	INT1: "INT-1", INT2: "INT-2", INT3: "INT-3", INT4: "INT-4", INT5: "INT-5", INT6: "INT-6",
	CFG1: "CFG-1", CFG2: "CFG-2", CFG3: "CFG-3", CFG4: "CFG-4", CFG5: "CFG-5", CFG6: "CFG-6", CFG7: "CFG-7", CFG8: "CFG-8",
	SELF1: "SELF-1", VS1: "VS-1", VS2: "VS-2", VS3: "VS-3",
	FIFO1: "FIFO-1", FIFO2: "FIFO-2", CAU1: "CAU-1", TOT1: "TOT-1", TOT2: "TOT-2",
	GAP1: "GAP-1", GAP2: "GAP-2", GAP3: "GAP-3", LOW1: "LOW-1",
	SAFE1: "SAFE-1", SAFE2: "SAFE-2", SAFE3: "SAFE-3", SAFE4: "SAFE-4",
	RNG1: "RNG-1", RNG2: "RNG-2", RNG3: "RNG-3", RNG4: "RNG-4", RNG5: "RNG-5", RNG6: "RNG-6",
	RNG7: "RNG-7", RNG8: "RNG-8", RNG9: "RNG-9", RNG10: "RNG-10", RNG11: "RNG-11",
	MPX1: "MPX-1", MPX2: "MPX-2", MPX3: "MPX-3", MPX4: "MPX-4", MPX5: "MPX-5", MPX6: "MPX-6", MPX7: "MPX-7", MPX8: "MPX-8",
	GRP1: "GRP-1", GRP2: "GRP-2", GRP3: "GRP-3", GRP4: "GRP-4", GRP5: "GRP-5", GRP6: "GRP-6", GRP7: "GRP-7", GRP8: "GRP-8", GRP9: "GRP-9", GRP10: "GRP-10", GRP11: "GRP-11",
	CLI1: "CLI-1", CLI2: "CLI-2", CLI3: "CLI-3", CLI4: "CLI-4", CLI5: "CLI-5", CLI6: "CLI-6",
	LIV1: "LIV-1", LIV2: "LIV-2", LIV3: "LIV-3", LIV4: "LIV-4", LIV5: "LIV-5", LIV6: "LIV-6", LIV7: "LIV-7", LIV8: "LIV-8",
	PRI1: "PRI-1", PRI2: "PRI-2", PRI3: "PRI-3",
}

// String is the property's name, as INT-1.
func (p Property) String() string { return propertyNames[p] }

// Properties lists all of them, in the order of the reference.
func Properties() []Property {
	list := make([]Property, properties)
	for i := range list {
		list[i] = Property(i)
	}
	return list
}

// Exercised counts, for each property, how often its premise held and its
// predicate was evaluated. A zero is "not tested", never "passed".
type Exercised [properties]uint64

// Add adds the counts of another run.
func (e *Exercised) Add(other *Exercised) {
	for i := range e {
		e[i] += other[i]
	}
}

// notOffered are properties of what the product does not do, with the reason.
var notOffered = [properties]string{
	GRP11: "no view-synchronous mode: the daemon delivers to groups as they are, and passes on what a flush layer in the client library needs",
	PRI1:  noQuorum, PRI2: noQuorum, PRI3: noQuorum,
}

const noQuorum = "no quorum flag: no configuration is marked as the primary component"

// NotOffered tells why a property cannot be tested: it is of something that the
// product does not offer. Empty: it can.
func (p Property) NotOffered() string { return notOffered[p] }

// Never lists the properties that were never evaluated, but for those of what
// is not offered.
func (e *Exercised) Never() []Property {
	var list []Property
	for i, n := range e {
		if n == 0 && notOffered[i] == "" {
			list = append(list, Property(i))
		}
	}
	return list
}
