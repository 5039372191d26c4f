package csaf

// The mandatory tests of versions and their history, 6.1.14 and 6.1.16 to 6.1.22.

// 6.1.14 Sorted Revision History
func sortedHistory(r *run) (found []Problem) {
	for i := 1; i < len(r.revisions); i++ {
		before, after := r.revisions[i-1], r.revisions[i]
		if before.version.compare(after.version) > 0 {
			found = append(found, problem("/document/tracking/revision_history/"+itoa(after.index)+"/number",
				"version %s is dated after version %s", after.number, before.number))
		}
	}
	return found
}

// 6.1.16 Latest Document Version
func latestVersion(r *run) []Problem {
	if len(r.revisions) == 0 {
		return nil
	}
	last, said := r.revisions[len(r.revisions)-1], r.tracking.Get("version").Text()
	v, ok := parseVersion(said)
	same := ok && last.ok && v.semantic == last.version.semantic && v.parts == last.version.parts
	if r.status() != "draft" {
		same = same && v.pre == last.version.pre
	}
	if same {
		return nil
	}
	return []Problem{problem("/document/tracking/version", "the version is %s, and the newest revision is %s", said, last.number)}
}

// 6.1.17 Document Status Draft
func statusDraft(r *run) []Problem {
	said := r.tracking.Get("version").Text()
	if v, ok := parseVersion(said); ok && (v.draft() || v.pre != "") && r.status() != "draft" {
		return []Problem{problem("/document/tracking/status", "the status must be draft, since the version is %s", said)}
	}
	return nil
}

// 6.1.18 Released Revision History
func releasedHistory(r *run) (found []Problem) {
	if !r.released() {
		return nil
	}
	for _, rev := range r.revisions {
		if rev.ok && rev.version.draft() {
			found = append(found, problem("/document/tracking/revision_history/"+itoa(rev.index)+"/number",
				"version %s belongs to a draft, and the status is %s", rev.number, r.status()))
		}
	}
	return found
}

// 6.1.19 Revision History Entries for Pre-release Versions
func noPreReleases(r *run) (found []Problem) {
	for _, rev := range r.revisions {
		if rev.version.pre != "" {
			found = append(found, problem("/document/tracking/revision_history/"+itoa(rev.index)+"/number", "%s is a pre-release", rev.number))
		}
	}
	return found
}

// 6.1.20 Non-draft Document Version
func releasedVersion(r *run) []Problem {
	said := r.tracking.Get("version").Text()
	if v, ok := parseVersion(said); ok && v.pre != "" && r.released() {
		return []Problem{problem("/document/tracking/version", "%s is a pre-release, and the status is %s", said, r.status())}
	}
	return nil
}

// 6.1.21 Missing Item in Revision History
func missingRevision(r *run) (found []Problem) {
	path := func(rev revision) string {
		return "/document/tracking/revision_history/" + itoa(rev.index) + "/number"
	}
	exists := map[string]bool{}
	for _, rev := range r.revisions {
		exists[rev.version.parts[0]] = true
	}
	for i, rev := range r.revisions {
		if !rev.ok {
			return nil
		}
		major := rev.version.parts[0]
		if i == 0 {
			if major != "0" && major != "1" {
				found = append(found, problem(path(rev), "the history begins with version %s instead of 0 or 1", rev.number))
			}
			continue
		}
		before := r.revisions[i-1].version.parts[0]
		if next := increment(before); compareNumbers(major, next) > 0 {
			if exists[next] {
				found = append(found, problem(path(rev), "version %s follows %s by date: version %s is there, with a date that puts it elsewhere", rev.number, r.revisions[i-1].number, next))
			} else {
				found = append(found, problem(path(rev), "version %s follows %s: version %s is missing", rev.number, r.revisions[i-1].number, next))
			}
		}
	}
	return found
}

// increment adds one to a decimal number of any length.
func increment(n string) string {
	b := []byte(n)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != '9' {
			b[i]++
			return string(b)
		}
		b[i] = '0'
	}
	return "1" + string(b)
}

// 6.1.22 Multiple Definition in Revision History
func twiceRevision(r *run) (found []Problem) {
	seen := map[string]bool{}
	for i, item := range r.tracking.Get("revision_history").Items() {
		n := item.Get("number").Text()
		if seen[n] {
			found = append(found, problem("/document/tracking/revision_history/"+itoa(i)+"/number", "version %s stands twice", n))
		}
		seen[n] = true
	}
	return found
}
