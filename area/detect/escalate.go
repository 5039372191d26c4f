package detect

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"strings"

	"yagura/kernel/authz"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// request tells an incident what is known from the alerts: what fired, on what,
// and what was seen in the events.
func request(tx *store.Tx, by authz.Actor, alerts []Alert, title, description string) (r RaiseRequest, err error) {
	top := alerts[0]
	for _, a := range alerts {
		if a.Level > top.Level {
			top = a
		}
	}
	lang := by.Lang
	r = RaiseRequest{Key: "detect:" + alerts[0].ID, Title: title, Description: description, Unit: top.Unit, Severity: severity(top.Level)}
	if r.Title == "" {
		r.Title = top.Title.In(lang)
		if about := top.Subject(); about != "" && !top.Storm {
			r.Title += " (" + about + ")"
		}
	}
	if runes := []rune(r.Title); len(runes) > 200 {
		r.Title = string(runes[:199]) + "…"
	}
	var lines []string
	seen := map[Observable]bool{}
	for _, a := range alerts {
		ref := AlertRef{ID: a.ID, Title: a.Title.In(lang), Rule: a.Rule, Severity: severity(a.Level), Hits: a.Hits, First: a.First, Last: a.Last, Href: "/detect/alerts/" + a.ID}
		samples, err := samplesOf(tx, a.ID)
		if err != nil {
			return r, err
		}
		add := func(o Observable) {
			if o.Value != "" && !seen[o] {
				seen[o] = true
				o.Note = a.ID
				r.Observables = append(r.Observables, o)
			}
		}
		add(Observable{Type: "host", Value: a.Host})
		add(Observable{Type: "user", Value: a.User})
		add(Observable{Type: "process", Value: a.Image})
		for _, x := range samples {
			if ref.Sample == nil && len(x.Raw) > 0 && json.Valid(x.Raw) {
				ref.Sample = json.RawMessage(x.Raw)
			}
			for _, o := range observed(fieldsOf(x.Raw)) {
				add(o)
			}
		}
		r.Alerts = append(r.Alerts, ref)
		lines = append(lines, fmt.Sprintf("%s %s (%s): %s", a.ID, a.Title.In(lang), text.T(lang, "%d hits", a.Hits), a.Subject()))
	}
	if r.Description == "" {
		r.Description = strings.Join(lines, "\n")
	}
	return r, nil
}

// severity is the level as incidents know it.
func severity(l Level) string {
	if l == Informational {
		return Low.String()
	}
	return l.String()
}

// Fields in which events name what an investigation looks for.
var (
	addressFields = []string{"IpAddress", "SourceIp", "DestinationIp", "src_ip", "dst_ip", "c-ip", "sourceIPAddress", "ip", "remote_ip"}
	domainFields  = []string{"QueryName", "query", "cs-host", "DestinationHostname"}
	urlFields     = []string{"c-uri", "url"}
	fileFields    = []string{"TargetFilename", "ImageLoaded", "name"}
	keyFields     = []string{"TargetObject"}
)

// observed are the things in an event that an investigation looks for.
func observed(f fields) (os []Observable) {
	for _, n := range addressFields {
		if a, err := netip.ParseAddr(f.get(n)); err == nil && !a.IsLoopback() && !a.IsUnspecified() {
			os = append(os, Observable{Type: "ip", Value: a.Unmap().String()})
		}
	}
	for _, n := range domainFields {
		if v := f.get(n); strings.Contains(v, ".") && !strings.ContainsAny(v, " /") {
			if _, err := netip.ParseAddr(v); err != nil {
				os = append(os, Observable{Type: "domain", Value: strings.TrimSuffix(v, ".")})
			}
		}
	}
	for _, n := range urlFields {
		if v := f.get(n); strings.HasPrefix(v, "http://") || strings.HasPrefix(v, "https://") {
			os = append(os, Observable{Type: "url", Value: v})
		}
	}
	for _, n := range fileFields {
		if v := f.get(n); v != "" && (strings.ContainsAny(v, `/\`) || path.Ext(v) != "") {
			os = append(os, Observable{Type: "file", Value: v})
		}
	}
	for _, n := range keyFields {
		if v := f.get(n); strings.HasPrefix(v, "HK") {
			os = append(os, Observable{Type: "registry", Value: v})
		}
	}
	for _, part := range strings.Split(f.get("Hashes"), ",") {
		if name, v, ok := strings.Cut(part, "="); ok && strings.EqualFold(name, "SHA256") && len(v) == 64 {
			os = append(os, Observable{Type: "hash", Value: strings.ToLower(v)})
		}
	}
	return os
}
