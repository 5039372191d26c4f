package csaf

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"yagura/area/psirt/cpe"
)

// 6.2.42 Inconsistent Product Identification Helper (2.1): a CPE and purls must say
// what the branches on the way to the product say, and a CPE no more.
func inconsistentHelper(r *run) (found []Problem) {
	for _, d := range r.products {
		if d.ancestors == nil {
			continue
		}
		path := d.path + "/product_identification_helper"
		if text := d.helper().Get("cpe").Text(); text != "" {
			if name, err := cpe.Parse(text); err == nil {
				for _, wrong := range d.againstCPE(name) {
					found = append(found, problem(path+"/cpe", "%s", wrong))
				}
			}
		}
		for i, text := range d.helper().Get("purls").Texts() {
			if p, err := packageurl.FromString(text); err == nil {
				for _, wrong := range d.againstPURL(p) {
					found = append(found, problem(path+"/purls/"+itoa(i), "%s", wrong))
				}
			}
		}
	}
	return found
}

// counterparts are the attributes of a CPE by the categories that may say them.
var counterparts = []struct {
	attribute  cpe.Attribute
	categories []string
}{
	{cpe.Vendor, []string{"vendor"}},
	{cpe.Product, []string{"product_name"}},
	{cpe.Version, []string{"product_version", "product_version_range"}},
	{cpe.Update, []string{"patch_level", "service_pack"}},
	{cpe.Language, []string{"language"}},
	{cpe.TargetSW, []string{"platform", "host_name"}},
	{cpe.TargetHW, []string{"architecture", "platform"}},
	{cpe.Edition, []string{"specification"}},
	{cpe.SWEdition, []string{"specification"}},
}

func (d definition) againstCPE(name cpe.Name) (wrong []string) {
	for _, c := range counterparts {
		said := ""
		for _, category := range c.categories {
			if b := d.under(category); b != nil {
				said = category
			}
		}
		set := name[c.attribute] != cpe.Any && name[c.attribute] != cpe.NA
		switch {
		case said == "" && set:
			wrong = append(wrong, "the CPE says "+c.attribute.String()+" "+name.Text(c.attribute)+", and no branch does")
		case said == "" || c.attribute > cpe.Language || said == "product_version_range":
			// what can't be put into a CPE, or not exactly, is not compared
		case !set && said != "patch_level" && said != "service_pack":
			wrong = append(wrong, "the CPE does not say the "+c.attribute.String()+", and a branch does")
		case name.Wild(c.attribute):
			wrong = append(wrong, "the CPE has a wildcard for the "+c.attribute.String()+", which a branch says")
		}
	}
	if v := d.under("product_version"); v != nil && name[cpe.Version] != cpe.Any && !strings.EqualFold(name.Text(cpe.Version), v.Get("name").Text()) {
		wrong = append(wrong, "the CPE has the version "+name.Text(cpe.Version)+", and the branch "+v.Get("name").Text())
	}
	return wrong
}

func (d definition) againstPURL(p packageurl.PackageURL) (wrong []string) {
	v := d.under("product_version")
	switch {
	case v == nil:
	case p.Version == "":
		wrong = append(wrong, "the purl has no version, and a branch has")
	case p.Version != v.Get("name").Text():
		wrong = append(wrong, "the purl has the version "+p.Version+", and the branch "+v.Get("name").Text())
	}
	return wrong
}
