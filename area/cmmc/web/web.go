// Package web shows how the group stands with CMMC: the map of the group, enclaves
// with their requirements and evidence, plans and money, and the JSON API. Handlers
// parse, call the service and render.
package web

import (
	"embed"

	"yagura/area/cmmc"
	"yagura/console"
	"yagura/kernel/authz"
	"yagura/kernel/text"
)

//go:embed all:views
var views embed.FS

// pages is what all handlers share.
type pages struct{ s *cmmc.Service }

// Area is what the shell is handed.
func Area(s *cmmc.Service) console.Area {
	p := &pages{s: s}
	a := console.Area{
		Name: "cmmc", Views: views,
		Nav:   []console.NavItem{{Section: console.Assure, Label: text.M("CMMC"), Href: "/cmmc", Icon: "medal", Act: cmmc.Read, Order: 10, Jump: "c"}},
		Pages: append(p.statePages(), p.moneyPages()...),
		Commands: []console.Command{
			{Label: text.M("CMMC: how the group stands"), Href: "/cmmc", Icon: "medal", Act: cmmc.Read},
			{Label: text.M("CMMC: plan of measures"), Href: "/cmmc/planner", Icon: "yen", Act: cmmc.Survey},
			{Label: text.M("CMMC: what breaks if…"), Href: "/cmmc/breaks", Icon: "bolt", Act: cmmc.Survey},
			{Label: text.M("CMMC: calendar"), Href: "/cmmc/calendar", Icon: "calendar", Act: cmmc.Read},
		},
		Work: p.work,
		API:  p.routes(),
	}
	p.overview(&a)
	a.Pages = append(a.Pages, p.paperPages()...)
	return a
}

// statePages are those of enclaves and providers.
func (p *pages) statePages() (list []console.Page) {
	get := func(path string, title text.Message, handle func(*console.Context) error) {
		list = append(list, console.Page{Method: "GET", Path: path, Act: cmmc.Read, Title: title, Handle: handle})
	}
	get("/cmmc", text.M("CMMC"), p.groupMap)
	get("/cmmc/work", text.M("Work§tab"), p.workPage)
	get("/cmmc/calendar", text.M("Calendar"), p.calendar)
	get("/cmmc/calendar.ics", text.M("Calendar"), p.calendarFile)
	get("/cmmc/breaks", text.M("What breaks if…"), p.breaks)
	get("/cmmc/enclaves/{id}", text.M("Enclave"), p.enclave)
	get("/cmmc/enclaves/{id}/plan", text.M("Plan of action"), p.poam)
	get("/cmmc/enclaves/{id}/assessments", text.M("Assessments"), p.assessments)
	get("/cmmc/assessments/{assessment}", text.M("Assessment"), p.assessment)
	for _, x := range []struct {
		path string
		act  authz.Act
		said text.Message
		do   func(*console.Context) error
	}{
		{"/seal", cmmc.Manage, text.M("The assessment is sealed."), p.seal}, {"/status", cmmc.Manage, text.M("The status is written down."), p.declare},
		{"/finding", cmmc.Work, text.M("The finding is written down."), p.find}, {"/answer", cmmc.Work, text.M("The finding is closed."), p.answer},
		{"/admit", cmmc.Manage, text.M("The assessor is let in."), p.admit}, {"/dismiss", cmmc.Manage, text.M("The assessor's place has ended."), p.dismiss},
	} {
		list = append(list, console.Page{Method: "POST", Path: "/cmmc/enclaves/{id}" + x.path, Act: x.act, Title: text.M("Assessments"), Handle: p.onAssessments(x.said, x.do)})
	}
	get("/cmmc/enclaves/{id}/affirm", text.M("Affirmation"), p.affirmPage)
	get("/cmmc/enclaves/{id}/affirm/file", text.M("Affirmation"), p.affirmFile)
	list = append(list, console.Page{Method: "POST", Path: "/cmmc/enclaves/{id}/affirm", Act: cmmc.Affirm, Title: text.M("Affirmation"), Handle: p.affirm})
	manage := func(method, path string, title text.Message, handle func(*console.Context) error) {
		list = append(list, console.Page{Method: method, Path: path, Act: cmmc.Manage, Title: title, Handle: handle})
	}
	get("/cmmc/entities", text.M("Legal entities"), p.entities)
	manage("POST", "/cmmc/entities", text.M("Legal entities"), p.putEntity)
	manage("GET", "/cmmc/systems/new", text.M("Add an enclave or a provider"), p.editSystem)
	manage("POST", "/cmmc/systems/new", text.M("Add an enclave or a provider"), p.saveSystem)
	for _, base := range []string{"/cmmc/enclaves/{id}", "/cmmc/providers/{id}"} {
		post := func(path string, act authz.Act, title text.Message, handle func(*console.Context) error) {
			list = append(list, console.Page{Method: "POST", Path: base + path, Act: act, Title: title, Handle: handle})
		}
		get(base+"/changes", text.M("Changes"), p.changes)
		get(base+"/evidence", text.M("Evidence"), p.evidence)
		get(base+"/evidence/{piece}", text.M("Evidence"), p.fetch)
		list = append(list, console.Page{Method: "POST", Path: base + "/evidence", Act: cmmc.Work, Title: text.M("Evidence"), MaxBody: cmmc.LargestEvidence + 1<<20, Handle: p.keep})
		post("/evidence/{piece}/final", cmmc.Review, text.M("Evidence"), p.finalise)
		post("/evidence/{piece}/withdraw", cmmc.Work, text.M("Evidence"), p.withdraw)
		manage("GET", base+"/edit", text.M("Edit§system"), p.editSystem)
		manage("POST", base+"/edit", text.M("Edit§system"), p.saveSystem)
		get(base+"/parts", text.M("Assets and providers"), p.parts)
		post("/asset", cmmc.Work, text.M("Assets and providers"), p.onParts(p.putAsset))
		post("/asset/drop", cmmc.Work, text.M("Assets and providers"), p.onParts(p.dropAsset))
		post("/shares", cmmc.Manage, text.M("Assets and providers"), p.onParts(p.setShares))
		post("/confirm", cmmc.Review, text.M("Results to confirm"), p.confirmAll)
		get(base+"/{requirement}", text.M("Requirement"), p.requirement)
		post("/{requirement}/result", cmmc.Work, text.M("Requirement"), p.onObjective(p.judge))
		post("/{requirement}/confirm", cmmc.Review, text.M("Requirement"), p.onObjective(p.confirm))
		post("/{requirement}/assign", cmmc.Work, text.M("Requirement"), p.onObjective(p.assign))
		post("/{requirement}/partial", cmmc.Work, text.M("Requirement"), p.claim)
	}
	get("/cmmc/providers/{id}", text.M("Provider"), p.enclave)
	return list
}

// moneyPages are those of measures, plans and what was imported.
func (p *pages) moneyPages() (list []console.Page) {
	add := func(method, path string, act authz.Act, title text.Message, handle func(*console.Context) error) {
		list = append(list, console.Page{Method: method, Path: path, Act: act, Title: title, Handle: handle})
	}
	add("GET", "/cmmc/measures", cmmc.Survey, text.M("Measures"), p.measures)
	add("GET", "/cmmc/measures/new", cmmc.Plan, text.M("Propose a measure"), p.newMeasure)
	add("POST", "/cmmc/measures/new", cmmc.Plan, text.M("Propose a measure"), p.saveMeasure)
	add("GET", "/cmmc/measures/{number}", cmmc.Survey, text.M("Measure"), p.measure)
	add("GET", "/cmmc/measures/{number}/edit", cmmc.Plan, text.M("Edit the measure"), p.editMeasureForm)
	add("POST", "/cmmc/measures/{number}/edit", cmmc.Plan, text.M("Edit the measure"), p.saveMeasure)
	add("POST", "/cmmc/measures/{number}/pay", cmmc.Plan, text.M("Measure"), p.pay)
	for step, act := range map[cmmc.MeasureStep]authz.Act{cmmc.MeasureApprove: cmmc.Fund, cmmc.MeasureReturn: cmmc.Fund, cmmc.MeasureStart: cmmc.Plan, cmmc.MeasureFinish: cmmc.Plan, cmmc.MeasureDrop: cmmc.Plan} {
		add("POST", "/cmmc/measures/{number}/"+string(step), act, text.M("Measure"), p.moveMeasure(step))
	}
	add("GET", "/cmmc/planner", cmmc.Survey, text.M("Plan of measures"), p.planner)
	add("POST", "/cmmc/planner", cmmc.Fund, text.M("Plan of measures"), p.approvePlan)
	add("GET", "/cmmc/programme", cmmc.Survey, text.M("Programme"), p.programme)
	add("POST", "/cmmc/programme", cmmc.Fund, text.M("Programme"), p.setBudget)
	add("GET", "/cmmc/sources", cmmc.Read, text.M("Texts and crosswalks"), p.sources)
	add("GET", "/cmmc/texts/{text}", cmmc.Read, text.M("Official text"), p.text)
	add("GET", "/cmmc/crosswalks/{table}", cmmc.Read, text.M("Crosswalk"), p.crosswalk)
	add("POST", "/cmmc/texts", cmmc.Text, text.M("Texts and crosswalks"), p.importText)
	add("POST", "/cmmc/crosswalks", cmmc.Text, text.M("Texts and crosswalks"), p.importCrosswalk)
	for i := range list {
		if path := list[i].Path; list[i].Method == "POST" && (path == "/cmmc/texts" || path == "/cmmc/crosswalks") {
			list[i].MaxBody = most + 1<<20
		}
	}
	add("POST", "/cmmc/texts/{text}/use", cmmc.Text, text.M("Official text"), p.useText)
	add("POST", "/cmmc/texts/{text}/drop", cmmc.Text, text.M("Official text"), p.dropText)
	add("POST", "/cmmc/crosswalks/{table}/sign", cmmc.Text, text.M("Crosswalk"), p.signCrosswalk)
	add("POST", "/cmmc/crosswalks/{table}/end", cmmc.Text, text.M("Crosswalk"), p.endCrosswalk)
	return list
}
