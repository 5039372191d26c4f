package console

import (
	"html/template"
	"slices"
)

// icons are drawn by us on a 24 × 24 grid with strokes of 2.
var icons = map[string]string{
	"home":      `<path d="M3 11.5 12 4l9 7.5"/><path d="M5.5 9.8V20h4.8v-5.5h3.4V20h4.8V9.8"/>`,
	"check":     `<path d="m4.5 12.8 5 5L19.5 7"/>`,
	"tree":      `<rect x="9.2" y="3" width="5.6" height="5.2" rx="1"/><rect x="2.5" y="15.8" width="5.6" height="5.2" rx="1"/><rect x="15.9" y="15.8" width="5.6" height="5.2" rx="1"/><path d="M12 8.2v3.9M5.3 15.8v-3.7h13.4v3.7"/>`,
	"flag":      `<path d="M5 21V4"/><path d="M5 4.5h13l-2.6 4.2 2.6 4.3H5"/>`,
	"book":      `<path d="M12 6.5C10 5 7 4.5 3 4.5v14c4 0 7 .5 9 2 2-1.5 5-2 9-2v-14c-4 0-7 .5-9 2z"/><path d="M12 6.5v14"/>`,
	"shield":    `<path d="M12 3 4.5 5.8v5.7c0 4.6 3 7.8 7.5 9.5 4.5-1.7 7.5-4.9 7.5-9.5V5.8z"/>`,
	"key":       `<circle cx="8" cy="9" r="4.5"/><path d="m11.2 12.2 8.3 8.3M16 17l2.6-2.6M13.4 14.4l2-2"/>`,
	"box":       `<path d="m12 3 8.5 4.7v8.6L12 21l-8.5-4.7V7.7z"/><path d="m3.7 7.8 8.3 4.7 8.3-4.7M12 12.5V21"/>`,
	"globe":     `<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c2.6 2.5 4 5.6 4 9s-1.4 6.5-4 9c-2.6-2.5-4-5.6-4-9s1.4-6.5 4-9z"/>`,
	"pulse":     `<path d="M2.5 12H7l3-8 4.5 16 3-8h4"/>`,
	"eye":       `<path d="M2 12c2.6-4.6 6-6.8 10-6.8s7.4 2.2 10 6.8c-2.6 4.6-6 6.8-10 6.8S4.6 16.6 2 12z"/><circle cx="12" cy="12" r="3"/>`,
	"bolt":      `<path d="M13.5 2.5 4.5 13.8H11L10 21.5l9.5-11.8H13z"/>`,
	"gear":      `<circle cx="12" cy="12" r="3.6"/><path d="M12 2.5v4M12 17.5v4M2.5 12h4M17.5 12h4M5.3 5.3l2.8 2.8M15.9 15.9l2.8 2.8M18.7 5.3l-2.8 2.8M8.1 15.9l-2.8 2.8"/>`,
	"tag":       `<path d="M3 4.5V12l9 9 8.5-8.5-9-9H4A1 1 0 0 0 3 4.5z"/><circle cx="7.8" cy="8.3" r="1.3"/>`,
	"medal":     `<circle cx="12" cy="15.5" r="5"/><path d="M7.5 3l3.3 7.6M16.5 3l-3.3 7.6"/>`,
	"list":      `<path d="M9 6h12M9 12h12M9 18h12M3.5 6h1M3.5 12h1M3.5 18h1"/>`,
	"search":    `<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5.5 5.5"/>`,
	"bell":      `<path d="M5 17h14c-1.5-1.7-2-3.5-2-7a5 5 0 0 0-10 0c0 3.5-.5 5.3-2 7z"/><path d="M9.8 20.5a2.5 2.5 0 0 0 4.4 0"/>`,
	"user":      `<circle cx="12" cy="8" r="4.3"/><path d="M4 20.5c1-4 4-6 8-6s7 2 8 6"/>`,
	"users":     `<circle cx="9" cy="8.5" r="3.8"/><path d="M2 20c.8-3.7 3.3-5.5 7-5.5s6.2 1.8 7 5.5M15.5 5a3.8 3.8 0 0 1 0 7M18 15c2.2.7 3.5 2.3 4 5"/>`,
	"plus":      `<path d="M12 4.5v15M4.5 12h15"/>`,
	"minus":     `<path d="M4.5 12h15"/>`,
	"cross":     `<path d="m5.5 5.5 13 13M18.5 5.5l-13 13"/>`,
	"download":  `<path d="M12 3.5V15M7 10.5l5 5 5-5M4 20.5h16"/>`,
	"upload":    `<path d="M12 15.5V4M7 8.5l5-5 5 5M4 20.5h16"/>`,
	"clock":     `<circle cx="12" cy="12" r="9"/><path d="M12 6.5V12l3.8 2.4"/>`,
	"calendar":  `<rect x="3.5" y="5" width="17" height="15.5" rx="1.5"/><path d="M3.5 9.8h17M8 2.8V7M16 2.8V7"/>`,
	"down":      `<path d="m5 9 7 7 7-7"/>`,
	"up":        `<path d="m5 15 7-7 7 7"/>`,
	"right":     `<path d="m9 5 7 7-7 7"/>`,
	"left":      `<path d="m15 5-7 7 7 7"/>`,
	"updown":    `<path d="m8 9 4-4 4 4M8 15l4 4 4-4"/>`,
	"menu":      `<path d="M3.5 6h17M3.5 12h17M3.5 18h17"/>`,
	"copy":      `<rect x="8.5" y="8.5" width="12" height="12" rx="1.5"/><path d="M15.5 8.5V5A1.5 1.5 0 0 0 14 3.5H5A1.5 1.5 0 0 0 3.5 5v9A1.5 1.5 0 0 0 5 15.5h3.5"/>`,
	"edit":      `<path d="M4 20h4L19.5 8.5l-4-4L4 16z"/><path d="m13 7 4 4"/>`,
	"trash":     `<path d="M4 6.5h16M9.5 6.5V4h5v2.5M6 6.5 7 20.5h10l1-14M10 10.5v6M14 10.5v6"/>`,
	"link":      `<path d="M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7l1.6-1.6"/>`,
	"external":  `<path d="M13.5 4H20v6.5M20 4l-9 9M17 14v5.5H4.5V7H10"/>`,
	"mail":      `<rect x="3" y="5" width="18" height="14" rx="1.5"/><path d="m3.5 6.5 8.5 7 8.5-7"/>`,
	"phone":     `<path d="M5 3.5h4l1.5 5-2.5 1.8a13 13 0 0 0 5.7 5.7l1.8-2.5 5 1.5v4a1.5 1.5 0 0 1-1.7 1.5C11 19.8 4.2 13 3.5 5.2A1.5 1.5 0 0 1 5 3.5z"/>`,
	"file":      `<path d="M6 3h8l5 5v13H6z"/><path d="M13.5 3v5.5H19"/>`,
	"folder":    `<path d="M3 19.5V5h6.5l2 2.5H21v12z"/>`,
	"lock":      `<rect x="4.5" y="10.5" width="15" height="10.5" rx="1.5"/><path d="M8 10.5V7.5a4 4 0 0 1 8 0v3"/>`,
	"unlock":    `<rect x="4.5" y="10.5" width="15" height="10.5" rx="1.5"/><path d="M8 10.5V7a4 4 0 0 1 7.7-1.5"/>`,
	"info":      `<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.2v.3"/>`,
	"warning":   `<path d="M12 3.5 2.5 20.5h19z"/><path d="M12 10v5M12 17.5v.3"/>`,
	"help":      `<circle cx="12" cy="12" r="9"/><path d="M9.3 9.5a2.8 2.8 0 1 1 4.1 2.4c-.9.5-1.4 1-1.4 2.1M12 16.8v.3"/>`,
	"play":      `<path d="M6.5 4v16l13-8z"/>`,
	"pause":     `<path d="M7.5 4.5v15M16.5 4.5v15"/>`,
	"refresh":   `<path d="M20 11a8 8 0 0 0-14.5-3.5L3.5 10M3.5 4.5V10H9M4 13a8 8 0 0 0 14.5 3.5l2-2.5M20.5 19.5V14H15"/>`,
	"filter":    `<path d="M3.5 5h17l-6.7 8v6.5l-3.6-2V13z"/>`,
	"server":    `<rect x="3.5" y="4" width="17" height="7" rx="1.5"/><rect x="3.5" y="13" width="17" height="7" rx="1.5"/><path d="M7.5 7.5h.1M7.5 16.5h.1"/>`,
	"laptop":    `<rect x="5" y="5" width="14" height="10" rx="1"/><path d="M2.5 19h19"/>`,
	"cloud":     `<path d="M7 19h10.5a4 4 0 0 0 .6-7.9 6 6 0 0 0-11.6-1.3A4.7 4.7 0 0 0 7 19z"/>`,
	"factory":   `<path d="M3 20.5V10l5.5 3.5V10l5.5 3.5V4h5l1.5 16.5z"/><path d="M8 17h.1M12 17h.1M16 17h.1"/>`,
	"network":   `<circle cx="12" cy="5" r="2.5"/><circle cx="5" cy="18.5" r="2.5"/><circle cx="19" cy="18.5" r="2.5"/><path d="M11 7.3 6.2 16.3M13 7.3l4.8 9M7.5 18.5h9"/>`,
	"target":    `<circle cx="12" cy="12" r="8.5"/><circle cx="12" cy="12" r="4"/><path d="M12 1.5v4M12 18.5v4M1.5 12h4M18.5 12h4"/>`,
	"chart":     `<path d="M4 20.5h16.5M6.5 17v-5M12 17V5M17.5 17V9"/>`,
	"chat":      `<path d="M4 4.5h16v12h-9l-5 4v-4H4z"/>`,
	"scale":     `<path d="M12 3.5v17M7 20.5h10M4.5 7h15M4.5 7 2 14h5zM19.5 7 17 14h5z"/>`,
	"megaphone": `<path d="M3.5 10v4.5H7L17.5 19V5.5L7 10z"/><path d="M8 14.5 9.5 20.5M20.5 10v4.5"/>`,
	"sun":       `<circle cx="12" cy="12" r="4.3"/><path d="M12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M19.1 4.9l-1.8 1.8M6.7 17.3l-1.8 1.8"/>`,
	"moon":      `<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/>`,
	"screen":    `<rect x="3" y="4" width="18" height="12.5" rx="1.5"/><path d="M8.5 20.5h7M12 16.5v4"/>`,
	"exit":      `<path d="M10 4H4.5v16H10M9.5 12H21M16.5 7.5 21 12l-4.5 4.5"/>`,
	"print":     `<path d="M7 8.5v-5h10v5M7 17.5H3.5v-9h17v9H17"/><rect x="7" y="14" width="10" height="6.5"/>`,
	"chain":     `<rect x="2.5" y="8" width="9" height="8" rx="4"/><rect x="12.5" y="8" width="9" height="8" rx="4"/><path d="M9 12h6"/>`,
	"yen":       `<path d="m5.5 3.5 6.5 9 6.5-9M12 12.5v8M6.5 13h11M6.5 16.8h11"/>`,
	"more":      `<path d="M5 12h.1M12 12h.1M19 12h.1"/>`,
	"dot":       `<circle cx="12" cy="12" r="3.5"/>`,
	"bug":       `<rect x="7.5" y="8" width="9" height="12" rx="4.5"/><path d="M9 8a3 3 0 0 1 6 0M3.5 14h4M16.5 14h4M4.5 7.5l3.5 2.8M19.5 7.5 16 10.3M4.5 20.5 8 17.7M19.5 20.5 16 17.7M12 12v8"/>`,
}

// logo is the tower: roof, gallery, base.
const logo = `<svg class="logo" viewBox="0 0 28 28" width="28" height="28" aria-hidden="true"><rect class="logo-ground" width="28" height="28" rx="6"/><path class="logo-tower" d="M14 5.5 5.5 11.8h3.1V14H7v2.6h1.5L7.3 22.5h3.3l.9-4h5l.9 4h3.3l-1.2-5.9H21V14h-1.6v-2.2h3.1zm-2.8 6.3h5.6V14h-5.6z"/></svg>`

// Icons are the names of all icons.
func Icons() []string {
	var names []string
	for n := range icons {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// icon is the SVG of an icon; it says nothing to screen readers, since words stand beside it.
func icon(name string) template.HTML {
	d, ok := icons[name]
	if !ok {
		d = icons["dot"]
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">` + d + `</svg>`)
}
