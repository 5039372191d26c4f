package console

import (
	"io/fs"
	"time"

	"yagura/api"
	"yagura/console/chart"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

// Area is what one bounded context hands to the shell.
type Area struct {
	Name  string // "incident"; names the views in error messages
	Views fs.FS  // holds views/*.html; files that begin with "_" are parts for all views of the area
	Nav   []NavItem
	Pages []Page
	API   []api.Route

	Tiles   []Tile    // numbers of the overview
	Panels  []Panel   // charts of the overview
	Posture []Measure // columns of the overview's table of units
	// Work are the things of this area that wait for the person: c.Actor's tasks,
	// answers owed, approvals. Most urgent first, at most limit.
	Work func(c *Context, limit int) ([]WorkItem, error)
	// Clocks are the deadlines that run in this area and that the person may see,
	// nearest first, at most limit.
	Clocks func(c *Context, limit int) ([]Clock, error)
	// Commands appear in the palette (Ctrl K) beside the navigation: "Report an incident".
	Commands []Command
}

// Page is one address of the console.
type Page struct {
	Method string // GET or POST
	Path   string // as in net/http patterns: "/incidents/{id}"
	// Act must be held somewhere for the page to open at all; the use case asks
	// again for the unit concerned. "" = any signed-in person.
	Act    authz.Act
	Public bool // open without a session; c.Actor is zero unless somebody is signed in
	// Bare shows the page without navigation even to who is signed in: sign-in,
	// a public form.
	Bare  bool
	Title text.Message // of the page; a handler may replace it by c.Title
	// MaxBody is the greatest request body in bytes; 0 = 1 MiB. A page that takes
	// files needs more. c.File spills to disk past 8 MiB.
	MaxBody int64
	Handle  func(*Context) error
}

// Section is a heading of the navigation.
type Section int

// The sections in their order. Start has no heading.
const (
	Start Section = iota
	Govern
	Protect
	DetectRespond
	Products
	Assure
	Administer
)

// Label is the section's heading; zero for Start.
func (s Section) Label() text.Message {
	switch s {
	case Govern:
		return text.M("Govern")
	case Protect:
		return text.M("Protect")
	case DetectRespond:
		return text.M("Detect and respond")
	case Products:
		return text.M("Products")
	case Assure:
		return text.M("Assure")
	case Administer:
		return text.M("Administer")
	}
	return text.Message{}
}

// NavItem is an entry of the navigation. It is active on its own address and
// on everything below it.
type NavItem struct {
	Section Section
	Label   text.Message
	Href    string
	Icon    string    // name of an icon, see Icons
	Act     authz.Act // shown to those who hold it anywhere; "" = to everyone
	Order   int       // within the section, ascending
	Jump    string    // the letter that goes here after g, such as "i"
	// Count is the badge: how many things here need somebody. It is asked at most
	// every ten seconds per person, and again after the person changed something.
	Count func(c *Context) (int, error)
}

// Command is an entry of the palette.
type Command struct {
	Label text.Message
	Href  string
	Icon  string
	Act   authz.Act
}

// Tone is the judgement that a colour carries; words or numbers beside it say
// the same.
type Tone string

// The tones.
const (
	Plain Tone = ""
	Good  Tone = "good"
	Warn  Tone = "warn"
	Bad   Tone = "bad"
	Info  Tone = "info"
)

// Severity is how grave something is.
type Severity string

// The severities, gravest first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	None     Severity = "none"
)

// Label is the word for the severity.
func (s Severity) Label() text.Message {
	switch s {
	case Critical:
		return text.M("Critical")
	case High:
		return text.M("High")
	case Medium:
		return text.M("Medium")
	case Low:
		return text.M("Low")
	}
	return text.M("None§severity")
}

// Tile is a number of the overview.
type Tile struct {
	Act    authz.Act // shown to those who hold it anywhere
	Order  int
	Figure func(c *Context) (Figure, error) // for c.Unit when one is chosen
}

// Figure is one number with what is needed to understand it.
type Figure struct {
	Label      text.Message
	Value      string       // as shown, made with c.Num, c.Percent …; "" = not known yet
	Unit       text.Message // small beside the value: text.Literal("%"), text.Literal("/ 110")
	Note       text.Message // one line below
	Tone       Tone         // of the value
	Trend      []float64    // oldest first; drawn as a sparkline when there are two or more
	TrendTone  Tone         // whether the direction is good
	Definition text.Message // what exactly is counted, shown on demand
	Href       string       // opens the rows behind the number
}

// Panel is a chart of the overview.
type Panel struct {
	Act   authz.Act
	Order int
	Title text.Message
	Note  text.Message // small beside the title: "30 days"
	Href  string
	Draw  func(c *Context) (chart.Chart, error)
}

// Measure is a column of the table "posture by unit".
type Measure struct {
	Act        authz.Act
	Order      int
	Label      text.Message
	Definition text.Message
	Count      bool    // a plain number of open things instead of a share
	WarnBelow  float64 // share below which the bar turns to Warn, 0…1
	BadBelow   float64
	// Of answers for several units at once, each with all units below it; a unit
	// without data is absent.
	Of func(c *Context, units []string) (map[string]Share, error)
}

// Share is a part of a whole. For counts Whole is not looked at.
type Share struct{ Part, Whole float64 }

// WorkItem is something that waits for a person.
type WorkItem struct {
	Kind     text.Message // "Incident task", "Approval", "Directive to answer"
	Number   string       // "INC-2026-0418", may be empty
	Title    string
	Href     string
	Unit     string       // name of the unit, for reading
	Why      text.Message // why it is mine: "You lead it", "Offered to your team"
	Severity Severity     // "" = none
	Due      time.Time    // zero = no deadline
	Since    time.Time    // waiting since
}

// Clock is a deadline that runs: legal, contractual or our own.
type Clock struct {
	Title string // "INC-2026-0418 Ransomware note, Works 3"
	Label text.Message
	Href  string
	Start time.Time // when it began to run
	Due   time.Time
	Met   time.Time // when it was met; zero while it runs
}
