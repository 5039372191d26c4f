package web

import "yagura/console"

// products adds the pages of the registry of products.
func (p *pages) products(a *console.Area) {}
