package psirt

import (
	"yagura/kernel/authz"
	"yagura/kernel/fault"
)

// The acts of this area. None of them opens a case under embargo: that takes a
// place on the case's own list as well.
const (
	Read     authz.Act = "psirt.read"     // products, published advisories, cases whose embargo is over
	Handle   authz.Act = "psirt.handle"   // receive reports and work on cases
	Assess   authz.Act = "psirt.assess"   // answer whether a product of one's unit is affected
	Register authz.Act = "psirt.register" // keep the registry of products
	Approve  authz.Act = "psirt.approve"  // approve and publish advisories

	Addresses authz.Act = "psirt.addresses" // see who outside gets advisories, and keep that list
)

// Acts says which roles may do them, each within his units.
var Acts = authz.Table{
	Read:     {authz.Officer, authz.Head, authz.Lead, authz.Handler, authz.Analyst, authz.Engineer, authz.Psirt, authz.Regional, authz.Contact, authz.Assessor},
	Handle:   {authz.Head, authz.Psirt},
	Assess:   {authz.Head, authz.Lead, authz.Engineer, authz.Psirt, authz.Regional, authz.Contact},
	Register: {authz.Head, authz.Psirt, authz.Engineer, authz.Contact},
	Approve:  {authz.Head, authz.Psirt},

	Addresses: {authz.Psirt},
}

// missing is the one answer for what is not there and for what the reader may
// not know of.
func missing() error { return fault.NotFound("There is no such entry, or you may not see it") }
