package org

import (
	"yagura/kernel/authz"
	"yagura/kernel/fault"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

func (w *work) planPeople(tx *store.Tx, by authz.Actor, sh *sheet) error {
	all := make([]string, 0, len(sh.rows))
	for _, r := range sh.rows {
		id, _ := sh.get(r, "id")
		all = append(all, id)
	}
	before, err := peopleByID(tx, all)
	if err != nil {
		return err
	}
	units, err := allUnits(tx)
	if err != nil {
		return err
	}
	mails := map[string]string{} // address → id of whoever has it after the import
	if _, ok := sh.at["email"]; ok {
		if mails, err = takenMails(tx, sh, before); err != nil {
			return err
		}
	}
	manages := map[string]bool{}
	can := func(unit string) bool {
		v, ok := manages[unit]
		if !ok {
			v = by.Can(Manage, unit)
			manages[unit] = v
		}
		return v
	}
	seen := once{}
	for _, r := range sh.rows {
		id, _ := sh.get(r, "id")
		if seen.twice(w, id, r.line) {
			continue
		}
		old, exists := before[id]
		if exists && !can(old.Unit) {
			w.blame(r.line, hidden(by, old.Unit)...)
			continue
		}
		p := old
		p.ID = id
		lang := string(p.Lang)
		sh.cells(r, map[string]*string{"name": &p.Name, "name_ja": &p.NameJA, "email": &p.Email, "phone": &p.Phone, "unit": &p.Unit, "language": &lang, "zone": &p.Zone})
		p.Lang = text.Lang(lang)
		n := w.WrongCount
		w.ended(sh, r, "left", &p.Gone)
		p = p.tidy()
		wrong := p.check()
		if p.Unit != old.Unit || !exists {
			wrong = append(wrong, unitFault(units, by, p.Unit, "unit")...)
		}
		if len(wrong) == 0 && !can(p.Unit) {
			wrong = append(wrong, fault.F("unit", "You don't manage %s", p.Unit))
		}
		if p.Email != "" && p.Present() {
			if other, ok := mails[p.Email]; ok && other != p.ID {
				wrong = append(wrong, fault.F("email", "Another person has this mail address"))
			}
			mails[p.Email] = p.ID
		}
		if w.blame(r.line, wrong...); w.WrongCount > n {
			continue
		}
		changes := personDiff(old, p)
		if old.Present() != p.Present() {
			changes = append(changes, Change{Field: "left", From: yesNo(!old.Present()), To: yesNo(!p.Present())})
		}
		if exists && len(changes) == 0 {
			w.Unchanged++
			continue
		}
		w.people = append(w.people, personStep{old, p})
		w.step(stepOf(r.line, p.ID, p.Name, p.NameJA, !exists, changes))
	}
	return nil
}

// takenMails are the addresses of the file that people have who are not in it.
func takenMails(tx *store.Tx, sh *sheet, inFile map[string]Person) (map[string]string, error) {
	addresses := make([]string, 0, len(sh.rows))
	listed := make(map[string]bool, len(sh.rows))
	for _, r := range sh.rows {
		if a, _ := sh.get(r, "email"); a != "" {
			addresses = append(addresses, a)
		}
		id, _ := sh.get(r, "id")
		listed[id] = true
	}
	taken := map[string]string{}
	err := eachPart(addresses, 1, func(marks string, args []any) error {
		found, err := store.Rows(tx, func(r store.Scanner) (v [2]string, err error) { return v, r.Scan(&v[0], &v[1]) },
			"SELECT email, id FROM org_person WHERE present = 1 AND email IN ("+marks+")", args...)
		for _, v := range found {
			if !listed[v[1]] {
				taken[v[0]] = v[1]
			}
		}
		return err
	})
	return taken, err
}
