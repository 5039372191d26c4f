package csaf

import (
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
)

// What the definitions of purl types say of the namespace (ECMA-427 and the list of
// types), which the library does not check.
var (
	purlWithout = strings.Fields("bitnami cargo cocoapods conda cran gem hackage mlflow nuget oci pub pypi")
	purlWith    = strings.Fields("alpm apk bitbucket composer github maven swift")
)

// purls visits the package URLs of all products.
func (r *run) purls(visit func(path, purl string)) {
	for _, d := range r.products {
		h := d.helper()
		if p := h.Get("purl"); p != nil {
			visit(d.path+"/product_identification_helper/purl", p.Text())
		}
		for i, p := range h.Get("purls").Items() {
			visit(d.path+"/product_identification_helper/purls/"+itoa(i), p.Text())
		}
	}
}

// 6.1.13 PURL
func validPURL(r *run) (found []Problem) {
	r.purls(func(path, purl string) {
		switch p, err := packageurl.FromString(purl); {
		case err != nil:
			found = append(found, problem(path, "%q is not a valid purl: %v", purl, err))
		case p.Namespace != "" && slices.Contains(purlWithout, p.Type):
			found = append(found, problem(path, "%q: a purl of the type %s has no namespace", purl, p.Type))
		case p.Namespace == "" && slices.Contains(purlWith, p.Type):
			found = append(found, problem(path, "%q: a purl of the type %s has a namespace", purl, p.Type))
		}
	})
	return found
}
