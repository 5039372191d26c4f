package detect

import (
	"strings"

	"yagura/area/detect/story"
)

// joint is a key by which a hit may belong to a story.
type joint struct{ key, partner string }

// mostJoints is how many keys of one alert are kept.
const mostJoints = 64

// Fields in which events name files by their hash and processes by an id.
var (
	hashFields    = []string{"Hashes", "Hash", "sha256", "md5", "file.hash.sha256", "process.hash.sha256"}
	processFields = []string{"ProcessGuid", "ParentProcessGuid", "SourceProcessGUID", "SourceProcessGuid", "TargetProcessGUID", "TargetProcessGuid", "process.entity_id", "process.parent.entity_id"}
	peerFields    = []string{"IpAddress", "SourceIp", "DestinationIp", "src_ip", "dst_ip", "c-ip", "cs-ip", "r-ip", "cs-host", "sourceIPAddress", "client_ip", "remote_ip", "source.ip", "destination.ip", "client.ip"}
	accountFields = []string{"User", "TargetUserName", "SubjectUserName", "user", "user.name", "userIdentity.userName", "userIdentity.arn", "cs-username", "acct", "username"}
)

// jointsOf are the keys of an event: its host, the users, addresses, files and
// processes that it names.
func jointsOf(t thing, unit string, f fields) (js []joint) {
	host, user := story.HostKey(unit, t.host), story.UserKey(t.user)
	seen := map[string]bool{"": true}
	add := func(key string) {
		if seen[key] {
			return
		}
		seen[key] = true
		j := joint{key, host}
		if kind, _ := story.Cut(key); kind == story.Host || kind == story.Process || host == "" {
			if j.partner = user; key == user {
				j.partner = ""
			}
		}
		js = append(js, j)
	}
	add(host)
	add(user)
	for _, n := range accountFields {
		if v := f.path[n]; v != "" {
			add(story.UserKey(v))
		}
	}
	for _, n := range peerFields {
		add(story.AddressKey(f.get(n)))
	}
	for _, n := range hashFields {
		for _, part := range strings.Split(f.get(n), ",") {
			if name, v, ok := strings.Cut(part, "="); !ok {
				add(story.HashKey(part))
			} else if strings.EqualFold(name, "SHA256") || strings.EqualFold(name, "MD5") && !strings.Contains(strings.ToUpper(f.get(n)), "SHA256") {
				add(story.HashKey(v))
			}
		}
	}
	for _, n := range processFields {
		add(story.ProcessKey(f.get(n)))
	}
	return js
}

// jointsOfMany are the keys of what several events together are about: those of
// its own fields and of the events kept with it.
func jointsOfMany(t thing, unit string, samples []sample) (js []joint) {
	own := fields{map[string]string{}, map[string]string{}}
	for _, p := range t.entity {
		own.put(p.Field, p.Value)
	}
	seen := map[string]bool{}
	add := func(more []joint) {
		for _, j := range more {
			if !seen[j.key] {
				seen[j.key] = true
				js = append(js, j)
			}
		}
	}
	add(jointsOf(t, unit, own))
	for _, x := range samples {
		f := fieldsOf(x.raw)
		of := thing{host: x.host, user: f.first(userFields)}
		if of.host == "" {
			of.host = f.first(hostFields)
		}
		add(jointsOf(of, unit, f))
	}
	return js
}

// markSpan is how long an alert had to do with a key, in minutes.
type markSpan struct {
	partner     string
	first, last int64
}

// touch notes the keys of a hit at a moment.
func (t *tally) touch(js []joint, at int64) {
	minute := at / 60_000
	if t.joints == nil {
		t.joints = map[string]markSpan{}
	}
	for _, j := range js {
		m, ok := t.joints[j.key]
		if !ok {
			m = markSpan{j.partner, minute, minute}
		}
		m.first, m.last, m.partner = min(m.first, minute), max(m.last, minute), max(m.partner, j.partner)
		t.joints[j.key] = m
	}
}
