package console

var galleryPage = Page{Method: "GET", Path: "/_gallery", Public: true, Title: literal("Gallery"), Handle: func(c *Context) error {
	return c.Render("gallery", nil)
}}
