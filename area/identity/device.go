package identity

import "strings"

// Label names the browser and the system of a device for people, such as
// "Chrome 156, Windows". What it does not know it shows as it was sent, for
// a stranger among the sessions is what one looks for in the list.
func (d Device) Label() string {
	name, system := d.browser(), d.system()
	switch {
	case name == "":
		return d.Agent
	case system == "":
		return name
	}
	return name + ", " + system
}

// browsers are in the order of looking: nearly all call themselves Chrome and
// Safari as well, and Chrome calls itself Safari.
var browsers = []struct{ mark, name string }{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
}

func (d Device) browser() string {
	for _, b := range browsers {
		_, rest, found := strings.Cut(d.Agent, b.mark)
		if !found || b.name == "Safari" && !strings.Contains(rest, "Safari/") {
			continue
		}
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 {
			return b.name
		}
		return b.name + " " + rest[:digits]
	}
	return ""
}

func (d Device) system() string {
	for _, s := range []struct{ mark, name string }{
		{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(d.Agent, s.mark) {
			return s.name
		}
	}
	return ""
}
