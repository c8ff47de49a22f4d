package admin

import (
	"strings"
	"unicode/utf8"
)

// Colour is a terminal colour of a cell.
type Colour uint8

// The colours that tables use.
const (
	Plain    Colour = iota
	Good            // green
	Doubtful        // yellow
	Bad             // red
	Faint
	Strong
)

// Style says how text may look. The zero value is plain text.
type Style struct {
	// Colour allows ANSI escapes: the output is a terminal and NO_COLOR is
	// not set.
	Colour bool
}

// Paint gives s in colour c, or as it is.
func (st Style) Paint(c Colour, s string) string {
	if !st.Colour || c == Plain {
		return s
	}
	return "\x1b[" + [...]string{"0", "32", "33", "31", "2", "1"}[c] + "m" + s + "\x1b[0m"
}

// Cell is one field of a table.
type Cell struct {
	Text   string
	Colour Colour
	Right  bool // aligned to the right, for numbers
}

// Table lines cells up in columns. It belongs to one goroutine.
type Table struct {
	head []string
	rows [][]Cell
}

// NewTable makes a table with a heading; a heading's column is as wide as the
// widest of its cells.
func NewTable(head ...string) *Table { return &Table{head: head} }

// Row adds a row; it has one cell for each heading.
func (t *Table) Row(cells ...Cell) { t.rows = append(t.rows, cells) }

// Text is the table, each line begun with indent.
func (t *Table) Text(st Style, indent string) string {
	var b strings.Builder
	t.write(&b, st, indent)
	return b.String()
}

func (t *Table) write(b *strings.Builder, st Style, indent string) {
	width := make([]int, len(t.head))
	for i, h := range t.head {
		width[i] = utf8.RuneCountInString(h)
	}
	for _, row := range t.rows {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c.Text))
		}
	}
	head := make([]Cell, len(t.head))
	for i, h := range t.head {
		head[i] = Cell{Text: h, Colour: Faint, Right: len(t.rows) > 0 && t.rows[0][i].Right}
	}
	for _, row := range append([][]Cell{head}, t.rows...) {
		b.WriteString(indent)
		writeRow(b, row, width, st)
	}
}

// writeRow writes one line. No blanks follow its last cell.
func writeRow(b *strings.Builder, row []Cell, width []int, st Style) {
	for i, c := range row {
		blanks := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c.Text))
		if i > 0 {
			b.WriteString("  ")
		}
		switch {
		case c.Right:
			b.WriteString(blanks + st.Paint(c.Colour, c.Text))
		case i == len(row)-1:
			b.WriteString(st.Paint(c.Colour, c.Text))
		default:
			b.WriteString(st.Paint(c.Colour, c.Text) + blanks)
		}
	}
	b.WriteByte('\n')
}
