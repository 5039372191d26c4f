package demo

// Subscriber is somebody outside who gets the PSIRT's advisories by mail. Who has a name
// was put on the list; the others subscribed themselves.
type Subscriber struct {
	Name, Mail, Lang, TLP string
	Products              []string // as many as there are places; none: all
}

// Subscribers are customers and a coordinator.
func Subscribers() []Subscriber {
	of := func(n int) []string { return make([]string, n) }
	return []Subscriber{
		{"", "maintenance@watanabe-foods.example", "ja", "WHITE", of(2)},
		{"", "ot-security@nordhafen.example", "en", "WHITE", nil},
		{"", "j.whitfield@lakeshore-water.example", "en", "WHITE", of(1)},
		{"", "seigi@minato-packaging.example", "ja", "WHITE", of(3)},
		{"", "plant-it@brauer-anlagen.example", "en", "WHITE", of(2)},
		{"Coordination centre", "coordination@cert.example", "en", "AMBER", nil},
	}
}
