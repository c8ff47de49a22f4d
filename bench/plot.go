//go:build linux

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot is curves over two logarithmic axes, or with bars set, bars over names.
type plot struct {
	title, x, y string
	curves      []curve
	bars        []bar
}

// curve is one contender's points, from left to right.
type curve struct {
	name   string
	points [][2]float64
}

// bar is one value with a name.
type bar struct {
	name  string
	value float64
}

// Places on the drawing, in its units.
const (
	plotWidth, plotHeight = 760, 440
	plotLeft, plotRight   = 80, 560 // of the axes; right of them stands the legend
	plotTop, plotBottom   = 50, 380
)

var colours = []string{"#0b6e4f", "#1f77b4", "#7f7f7f", "#9467bd", "#d62728", "#ff7f0e", "#8c564b", "#e377c2"}

// plots are the three pictures, by file name.
func (r *record) plots() map[string]plot {
	contenders := r.distinct("", func(s sample) string { return s.Contender })
	all := map[string]plot{}
	for _, mode := range r.distinct("", func(s sample) string { return s.Mode }) {
		throughput := plot{title: "Throughput, " + mode, x: "message size, bytes", y: "MB/s to every receiver"}
		latency := plot{title: "Latency p99, " + mode, x: "messages/s of 200 bytes", y: "microseconds"}
		cut := plot{title: "Longest gap when one network is cut, " + mode, y: "milliseconds"}
		for _, c := range contenders {
			var bySize, byRate curve
			for _, size := range sizes {
				if v, ok := r.median(mode, c, sizeName(size), megabytes); ok {
					bySize.points = append(bySize.points, [2]float64{float64(size), v.median})
				}
			}
			for _, rate := range rates {
				if v, ok := r.median(mode, c, rateName(rate), p99); ok {
					byRate.points = append(byRate.points, [2]float64{rate, v.median})
				}
			}
			throughput.add(c, bySize)
			latency.add(c, byRate)
			if v, ok := r.median(mode, c, cutLoad, gap); ok {
				cut.bars = append(cut.bars, bar{c, v.median})
			}
		}
		for name, p := range map[string]plot{"throughput": throughput, "latency": latency, "cut": cut} {
			if len(p.curves)+len(p.bars) > 0 {
				all[name+"-"+mode+".svg"] = p
			}
		}
	}
	return all
}

func (p *plot) add(name string, c curve) {
	if c.name = name; len(c.points) > 0 {
		p.curves = append(p.curves, c)
	}
}

// svg is the drawing.
func (p plot) svg() string {
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<text x="%d" y="28" font-size="16">%s</text>`+"\n", plotLeft, html.EscapeString(p.title))
	if len(p.bars) > 0 {
		p.drawBars(&s)
	} else {
		p.drawCurves(&s)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// axis is a logarithmic one, of whole decades.
type axis struct{ from, to, low, high float64 }

// newAxis covers the values between two places.
func newAxis(values []float64, low, high float64) axis {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v > 0 {
			least, most = min(least, v), max(most, v)
		}
	}
	if least > most {
		least, most = 1, 10
	}
	a := axis{math.Floor(math.Log10(least)), math.Ceil(math.Log10(most)), low, high}
	if a.from == a.to {
		a.to++
	}
	return a
}

// at is the place of a value; what is not positive is at the low end.
func (a axis) at(v float64) float64 {
	if v <= 0 {
		return a.low
	}
	return a.low + (math.Log10(v)-a.from)/(a.to-a.from)*(a.high-a.low)
}

// ticks are the decades.
func (a axis) ticks() []float64 {
	var all []float64
	for e := a.from; e <= a.to; e++ {
		all = append(all, math.Pow(10, e))
	}
	return all
}

func (p plot) drawCurves(s *strings.Builder) {
	var xs, ys []float64
	for _, c := range p.curves {
		for _, v := range c.points {
			xs, ys = append(xs, v[0]), append(ys, v[1])
		}
	}
	x, y := newAxis(xs, plotLeft, plotRight), newAxis(ys, plotBottom, plotTop)
	for _, t := range x.ticks() {
		line(s, x.at(t), plotTop, x.at(t), plotBottom, "#dddddd")
		label(s, x.at(t), plotBottom+18, "middle", number(t))
	}
	p.drawHeight(s, y)
	label(s, (plotLeft+plotRight)/2, plotBottom+42, "middle", p.x)
	for i, c := range p.curves {
		colour := colours[i%len(colours)]
		var points []string
		for _, v := range c.points {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x.at(v[0]), y.at(v[1])))
			fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.at(v[0]), y.at(v[1]), colour)
		}
		fmt.Fprintf(s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colour)
		at := float64(plotTop + 10 + 20*i)
		line(s, plotRight+15, at, plotRight+35, at, colour)
		label(s, plotRight+42, at+4, "start", c.name)
	}
}

// drawHeight draws the axis from below to above.
func (p plot) drawHeight(s *strings.Builder, y axis) {
	for _, t := range y.ticks() {
		line(s, plotLeft, y.at(t), plotRight, y.at(t), "#dddddd")
		label(s, plotLeft-8, y.at(t)+4, "end", number(t))
	}
	label(s, 10, plotTop-8, "start", p.y)
}

func (p plot) drawBars(s *strings.Builder) {
	var values []float64
	for _, b := range p.bars {
		values = append(values, b.value)
	}
	y := newAxis(values, plotBottom, plotTop)
	p.drawHeight(s, y)
	each := float64(plotRight-plotLeft) / float64(len(p.bars))
	for i, b := range p.bars {
		left, top := plotLeft+each*(float64(i)+0.15), y.at(b.value)
		colour := colours[i%len(colours)]
		fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", left, top, each*0.7, plotBottom-top, colour)
		label(s, left+each*0.35, top-4, "middle", fmt.Sprintf("%.1f", b.value))
		at := float64(plotTop + 10 + 20*i)
		fmt.Fprintf(s, `<rect x="%d" y="%.1f" width="14" height="10" fill="%s"/>`+"\n", plotRight+15, at-5, colour)
		label(s, plotRight+36, at+4, "start", b.name)
	}
}

func line(s *strings.Builder, x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(s, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

func label(s *strings.Builder, x, y float64, anchor, text string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(text))
}

// number is a decade in few characters.
func number(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%g", v)
}
