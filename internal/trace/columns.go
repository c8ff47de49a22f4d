package trace

import (
	"net/url"
	"slices"
	"strconv"

	"mpspread/groups"
	"mpspread/ring"
)

// A column is one field of an event in its written forms.
type column struct {
	key string
	put func(*Event) string
	get func(*Event, string) error
}

// Columns shared by kinds of events.
var (
	colRing    = column{"ring", func(e *Event) string { return RingString(e.Ring) }, ringInto(func(e *Event) *ring.RingID { return &e.Ring })}
	colSeq     = number("seq", func(e *Event) *ring.Seq { return &e.Seq })
	colTSeq    = number("tseq", func(e *Event) *uint64 { return &e.TSeq })
	colCounter = number("counter", func(e *Event) *uint64 { return &e.Counter })
	colClient  = number("client", func(e *Event) *uint64 { return &e.Client })
	colNetwork = column{"net", func(e *Event) string { return strconv.Itoa(int(e.Network)) }, func(e *Event, s string) error {
		v, err := strconv.ParseUint(s, 10, 8)
		e.Network = uint8(v)
		return err
	}}
	colFirst = column{"first", func(e *Event) string { return strconv.FormatUint(bit(e.First), 10) }, func(e *Event, s string) error {
		e.First = s == "1"
		return nil // anything but 0 and 1 is not canonical
	}}
	colFrom = column{"from", func(e *Event) string { return ProcessString(e.From) }, func(e *Event, s string) (err error) {
		e.From, err = parseProcess(s)
		return err
	}}
	colVerdict = column{"verdict", func(e *Event) string { return VerdictString(e.Verdict) }, func(e *Event, s string) error {
		v, err := indexIn(verdictNames[:], s)
		e.Verdict = ring.Verdict(v)
		return err
	}}
	colState = column{"state", func(e *Event) string { return nameIn(stateNames[:], int(e.State)) }, func(e *Event, s string) error {
		v, err := indexIn(stateNames[:], s)
		e.State = ring.State(v)
		return err
	}}
	colFate = column{"fate", func(e *Event) string { return e.Fate.String() }, func(e *Event, s string) error {
		v, err := indexIn(fateNames[:], s)
		e.Fate = Fate(v)
		return err
	}}
	colConf = column{"conf", func(e *Event) string { return confString(e.Conf) }, func(e *Event, s string) (err error) {
		e.Conf, err = parseConf(s)
		return err
	}}
	colIn = column{"in", func(e *Event) string { return e.In.String() }, func(e *Event, s string) (err error) {
		e.In, err = parseConfID(s)
		return err
	}}
	colMembers = column{"members", func(e *Event) string { return processesString(e.Members) }, func(e *Event, s string) (err error) {
		e.Members, err = parseProcesses(s)
		return err
	}}
	colBound = number("bound", func(e *Event) *boundNumber { return (*boundNumber)(&e.Bound) })
	colText  = column{"text", func(e *Event) string { return e.Text }, func(e *Event, s string) error { e.Text = s; return nil }}
)

// boundNumber lets a duration be written as its nanoseconds.
type boundNumber int64

// Columns of a message.
var (
	colSender = column{"sender", func(e *Event) string { return ProcessString(e.Message.Sender) }, func(e *Event, s string) (err error) {
		e.Message.Sender, err = parseProcess(s)
		return err
	}}
	colMessage = number("message", func(e *Event) *uint64 { return &e.Message.Counter })
	colService = column{"service", func(e *Event) string { return ServiceString(e.Message.Service) }, func(e *Event, s string) error {
		v, err := indexIn(serviceNames[:], s)
		e.Message.Service = ring.Service(v)
		return err
	}}
	colLength        = number("length", func(e *Event) *int { return &e.Message.Length })
	colDigest        = number("digest", func(e *Event) *uint64 { return &e.Message.Digest })
	colMessageClient = number("by", func(e *Event) *uint64 { return &e.Message.Client })
	colClientCounter = number("count", func(e *Event) *uint64 { return &e.Message.ClientCounter })
	colGroups        = column{"groups", func(e *Event) string { return namesString(e.Message.Groups) }, func(e *Event, s string) (err error) {
		e.Message.Groups, err = parseNames(s)
		return err
	}}
)

var (
	colAct = column{"act", func(e *Event) string { return e.Message.Act.String() }, func(e *Event, s string) error {
		for a := groups.Act(0); a <= groups.ActLastPiece; a++ {
			if a.String() == s {
				e.Message.Act = a
				return nil
			}
		}
		return errValue
	}}
	colName = column{"name", func(e *Event) string { return url.QueryEscape(e.Message.Name) }, func(e *Event, s string) (err error) {
		e.Message.Name, err = url.QueryUnescape(s)
		return err
	}}
	colDiscard = column{"discard", func(e *Event) string { return strconv.FormatUint(bit(e.Message.Discard), 10) }, func(e *Event, s string) error {
		e.Message.Discard = s == "1"
		return nil
	}}
)

// Columns of sizes.
var (
	flowColumns = []column{
		size("window", func(s *Sizes) *int { return &s.Window }), size("used", func(s *Sizes) *int { return &s.Used }),
		size("own", func(s *Sizes) *int { return &s.Own }), size("packet", func(s *Sizes) *int { return &s.Packet }),
		size("gap", func(s *Sizes) *int { return &s.Gap }),
	}
	keptColumns = []column{
		size("held", func(s *Sizes) *int { return &s.Held }), size("room", func(s *Sizes) *int { return &s.Room }),
		size("begun", func(s *Sizes) *int { return &s.Begun }), size("budget", func(s *Sizes) *int { return &s.Budget }),
	}
	idleColumns = []column{
		size("missing", func(s *Sizes) *int { return &s.Missing }), size("waiting", func(s *Sizes) *int { return &s.Waiting }),
		size("parts", func(s *Sizes) *int { return &s.Parts }), size("timers", func(s *Sizes) *int { return &s.Timers }),
	}
)

func size(key string, at func(*Sizes) *int) column {
	c := number(key, func(e *Event) *int { return at(e.Sizes) })
	return column{key, func(e *Event) string {
		if e.Sizes == nil {
			return "0"
		}
		return c.put(e)
	}, func(e *Event, s string) error {
		if e.Sizes == nil {
			e.Sizes = &Sizes{}
		}
		return c.get(e, s)
	}}
}

// Columns of a view.
var (
	colGroup = viewColumn("group", func(v *View) string { return namesString([]string{v.Group}) }, func(v *View, s string) error {
		names, err := parseNames(s)
		if err != nil || len(names) != 1 {
			return errValue
		}
		v.Group = names[0]
		return nil
	})
	colViewID = viewColumn("id", func(v *View) string {
		b := strconv.AppendInt(nil, int64(v.ID[0]), 10)
		b = strconv.AppendInt(append(b, '.'), int64(v.ID[1]), 10)
		return string(strconv.AppendInt(append(b, '.'), int64(v.ID[2]), 10))
	}, parseViewID)
	colCause = viewColumn("cause", func(v *View) string { return strconv.Itoa(int(v.Cause)) }, func(v *View, s string) error {
		n, err := strconv.ParseUint(s, 10, 8)
		v.Cause = uint8(n)
		return err
	})
	colNames = viewColumn("names", func(v *View) string { return namesString(v.Members) }, func(v *View, s string) (err error) {
		v.Members, err = parseNames(s)
		return err
	})
	colSets = viewColumn("sets", func(v *View) string { return setsString(v.Sets) }, func(v *View, s string) (err error) {
		v.Sets, err = parseSets(s)
		return err
	})
	colOwn = viewColumn("own", func(v *View) string { return strconv.Itoa(v.Own) }, func(v *View, s string) (err error) {
		v.Own, err = strconv.Atoi(s)
		return err
	})
)

func parseViewID(v *View, s string) error {
	for i := range v.ID {
		part := s
		if i < 2 {
			end := indexByte(s, '.')
			if end < 0 {
				return errValue
			}
			part, s = s[:end], s[end+1:]
		}
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil {
			return errValue
		}
		v.ID[i] = int32(n)
	}
	return nil
}

func indexByte(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return -1
}

func viewColumn(key string, put func(*View) string, get func(*View, string) error) column {
	return column{key, func(e *Event) string {
		if e.View == nil {
			return put(&View{})
		}
		return put(e.View)
	}, func(e *Event, s string) error {
		if e.View == nil {
			e.View = &View{}
		}
		return get(e.View, s)
	}}
}

func number[T ~uint64 | ~int64 | ~int](key string, at func(*Event) *T) column {
	return column{key, func(e *Event) string {
		v := *at(e)
		if v < 0 {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatUint(uint64(v), 10)
	}, func(e *Event, s string) error {
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil || T(v) < 0 {
			return errValue
		}
		*at(e) = T(v)
		return nil
	}}
}

func ringInto(at func(*Event) *ring.RingID) func(*Event, string) error {
	return func(e *Event, s string) (err error) {
		*at(e), err = parseRing(s)
		return err
	}
}

var messageColumns = []column{colSender, colMessage, colService, colLength, colDigest, colMessageClient, colClientCounter, colGroups}

// askColumns say more of a message: what it asks for.
var askColumns = append(slices.Clone(messageColumns), colAct, colName, colDiscard)

// columnsOf lists the fields of each kind, in their written order. A text
// column is always the last.
var columnsOf = [...][]column{
	Start: {}, Stop: {}, Crash: {}, Pause: {}, Resume: {},
	Finished:  {colCounter},
	Fault:     {colFirst, colText},
	Quiet:     {colMembers, colBound, colText},
	Submit:    append([]column{colClient, colFirst}, messageColumns...),
	Conf:      {colConf},
	Originate: append([]column{colRing, colSeq, colIn}, askColumns...),
	Recv:      {colRing, colSeq, colFrom, colFirst, colDigest},
	TokenIn:   {colRing, colTSeq, colFrom, colVerdict},
	TokenOut:  {colRing, colTSeq},
	Stable:    {colRing, colSeq},
	Discard:   {colRing, colSeq},
	Deliver:   append([]column{colRing, colSeq, colIn}, messageColumns...),
	State:     {colState},
	Commit:    {colRing, colConf},
	Link:      {colFrom, colNetwork, colBound, colText},
	Request:   {colRing, colSeq, colCounter},
	Answer:    {colRing, colSeq, colFrom, colCounter},
	Visit:     slices.Concat([]column{colRing, colTSeq, colSeq}, flowColumns, keptColumns),
	Primary:   {colRing, colFirst},

	ClientSend:    append([]column{colClient, colFirst}, askColumns...),
	ClientDeliver: append(append([]column{colClient}, messageColumns...), colDiscard, colText),
	ClientView:    {colClient, colGroup, colViewID, colCause, colNames, colSets, colOwn, colText},
	ClientSignal:  {colClient, colGroup, colViewID},
	ClientLeave:   {colClient, colGroup},
	ClientClose:   {colClient, colText},
	ClientOpen:    {colClient, colFirst, colText},
	ClientStall:   {colClient, colFirst},
	Agree:         {colRing, colIn},
	Packet:        {colFrom, colCounter, colNetwork, colFirst, colFate, colSeq},
	Path:          {colFrom, colNetwork, colFirst, colText},
	Batch:         {colCounter, colNetwork, colSeq},
	Send:          {colCounter, colNetwork, colSeq, colFirst},
	Route:         {colFrom, colCounter},
	Drain:         slices.Concat(keptColumns, idleColumns),
}
