package web

import "yagura/console"

// advisories adds the pages on which advisories are written and published.
func (p *pages) advisories(a *console.Area) {}
