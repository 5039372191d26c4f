package web

import (
	"fmt"
	"strconv"
	"strings"

	"yagura/area/cmmc"
	"yagura/area/cmmc/catalog"
	"yagura/area/cmmc/inherit"
	"yagura/area/cmmc/score"
	"yagura/console"
	"yagura/kernel/text"
)

func statusTone(s score.Status) console.Tone {
	switch s {
	case score.Final:
		return console.Good
	case score.Conditional:
		return console.Warn
	}
	return console.Bad
}

func statusCell(s score.Status) console.Cell {
	return console.Chip(statusTone(s), cmmc.StatusLabel(s))
}

// lifeLabel is what an enclave holds by its last assessment.
func lifeLabel(l score.Life) text.Message {
	switch l {
	case score.LifeConditional:
		return text.M("Holds Conditional")
	case score.LifeFinal:
		return text.M("Holds Final")
	case score.LifeClosedOut:
		return text.M("Close-out missed")
	case score.LifeExpired:
		return text.M("Expired§status")
	case score.LifeUnaffirmed:
		return text.M("Affirmation overdue")
	}
	return text.M("Holds none")
}

func lifeTone(l score.Life) console.Tone {
	switch l {
	case score.LifeFinal:
		return console.Good
	case score.LifeConditional:
		return console.Warn
	case score.LifeNone:
		return console.Plain
	}
	return console.Bad
}

// losing tells whether an enclave holds a status that its state of today does not
// bear any more.
func losing(r cmmc.Row) bool {
	switch r.Life {
	case score.LifeConditional:
		return !r.Live.Status.AtLeast(score.Conditional)
	case score.LifeFinal, score.LifeUnaffirmed:
		return r.Live.Status != score.Final
	}
	return false
}

// below tells whether an enclave is not at a lawful Conditional status today.
func below(r cmmc.Row) bool { return !r.Live.Status.AtLeast(score.Conditional) }

// points is a score, or the range in which it lies.
func points(low, high int) string {
	if low == high {
		return minus(low)
	}
	return minus(low) + " – " + minus(high)
}

func minus(n int) string { return strings.ReplaceAll(strconv.Itoa(n), "-", "−") }

// scored is the score of a standing; Level 1 has none.
func scored(s inherit.Standing) string {
	if s.Level < 2 {
		return ""
	}
	return points(s.Low, s.High)
}

func scoreTone(s inherit.Standing) console.Tone {
	switch {
	case s.Level < 2:
		return statusTone(s.Status)
	case s.Status == score.Final:
		return console.Good
	case s.Low >= catalog.Of(s.Level).ConditionalMin:
		return console.Warn
	}
	return console.Bad
}

func resultTone(r score.Result) console.Tone {
	switch r {
	case score.Met, score.NA:
		return console.Good
	case score.NotMet:
		return console.Bad
	}
	return console.Warn
}

func resultCell(r score.Result) console.Cell { return console.Chip(resultTone(r), cmmc.ResultLabel(r)) }

func stateLabel(s catalog.State, unknown bool) text.Message {
	switch {
	case s == catalog.Met:
		return text.M("Met§objective")
	case unknown:
		return text.M("Unknown§objective")
	case s == catalog.Partly:
		return text.M("Partly met")
	}
	return text.M("Not met§objective")
}

func stateTone(s catalog.State, unknown bool) console.Tone {
	switch {
	case s == catalog.Met:
		return console.Good
	case unknown || s == catalog.Partly:
		return console.Warn
	}
	return console.Bad
}

func healthLabel(h cmmc.Health) text.Message {
	switch h {
	case cmmc.Passing:
		return text.M("passes§signal")
	case cmmc.Failing:
		return text.M("fails§signal")
	case cmmc.Stale:
		return text.M("stale§signal")
	}
	return text.M("not measured")
}

func healthTone(h cmmc.Health) console.Tone {
	switch h {
	case cmmc.Passing:
		return console.Good
	case cmmc.Failing:
		return console.Bad
	case cmmc.Stale:
		return console.Warn
	}
	return console.Plain
}

// yen is an amount as people of the language write it: 億円 and 万円, or millions
// and billions. It is rounded to what fits; exports have the yen.
func yen(lang text.Lang, n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "−", -n
	}
	if lang == text.JA {
		switch {
		case n >= 1_000_000_000_000:
			return sign + rounded(n, 1_000_000_000_000) + "兆円"
		case n >= 100_000_000:
			return sign + rounded(n, 100_000_000) + "億円"
		case n >= 10_000:
			return sign + rounded(n, 10_000) + "万円"
		}
		return sign + grouped(n) + "円"
	}
	switch {
	case n >= 10_000_000_000:
		return sign + "¥" + rounded(n, 1_000_000_000) + " billion"
	case n >= 1_000_000:
		return sign + "¥" + rounded(n, 1_000_000) + " million"
	}
	return sign + "¥" + grouped(n)
}

// price is a figure of so many yen: the number large, the word behind it small.
func price(lang text.Lang, n int64, f console.Figure) console.Figure {
	value, unit, _ := strings.Cut(yen(lang, n), " ")
	if f.Value = value; unit != "" {
		f.Unit = text.Literal(unit)
	}
	return f
}

// rounded has one decimal below a hundred, none above.
func rounded(n, unit int64) string {
	if n >= 100*unit {
		return grouped((n + unit/2) / unit)
	}
	tenths := (n*10 + unit/2) / unit
	if tenths%10 == 0 {
		return grouped(tenths / 10)
	}
	return fmt.Sprintf("%s.%d", grouped(tenths/10), tenths%10)
}

func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func yenCell(c *console.Context, n int64) console.Cell {
	if n == 0 {
		return console.Text("")
	}
	return console.Text(yen(c.Lang, n))
}

// fiscal is a fiscal year by name.
func fiscal(year int) text.Message { return text.M("FY%s", strconv.Itoa(year)) }

// names of objectives, shortened where there are many.
func names(list []int) string {
	var out []string
	for k, i := range list {
		if k == 12 {
			out = append(out, fmt.Sprintf("… +%d", len(list)-k))
			break
		}
		out = append(out, catalog.Name(i))
	}
	return strings.Join(out, ", ")
}
