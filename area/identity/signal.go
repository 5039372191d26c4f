package identity

import (
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"yagura/area/identity/geo"
	"yagura/area/identity/policy"
	"yagura/kernel/authz"
	"yagura/kernel/country"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

const (
	// speeding is faster than any airliner, in kilometres an hour.
	speeding = 1000
	// nearby is a distance at which the points of a geography file are wrong.
	nearby = 300
	// settled is how long a trip runs before it is odd that the person still signs
	// in from elsewhere.
	settled = 36 * time.Hour
	// dormant is how long an account rests before it is odd that it signs in.
	dormant = 90 * 24 * time.Hour
)

// signals are what is remarkable about a sign-in, whether it was let in or not.
func (s *Service) signals(tx *store.Tx, p authz.Person, now situation, event Event) (list []Event, err error) {
	add := func(kind EventKind, reason string) {
		e := event
		e.ID, e.Kind, e.Reason = "", kind, reason
		list = append(list, e)
	}
	past := tx.Beside()
	var network, country string
	var at int64
	err = past.QueryRow("SELECT network, country, at FROM identity_event WHERE person = $1 AND kind = $2 AND outcome = $3 ORDER BY at DESC, id DESC LIMIT 1", p.ID, string(SignIn), string(Allowed)).
		Scan(&network, &country, &at)
	first := errors.Is(err, sql.ErrNoRows)
	if err != nil && !first {
		return nil, err
	}
	since := at
	// Not of who was just made the link that he follows, nor where the log begins
	// later than the people, as a played one does.
	if first && event.Proof.Method != Persona && event.Proof.Method != byFirst && !event.past {
		if since, err = lastAdded(past, p.ID); err != nil {
			return nil, err
		}
	}
	if rested := tx.Now.Sub(store.Time(since)); since > 0 && rested > dormant {
		add(Dormant, strconv.Itoa(int(rested.Hours()/24))+" days")
	}
	if weaker, err := s.weaker(past, p, event.Proof); err != nil {
		return nil, err
	} else if weaker {
		add(KeyDowngrade, event.Proof.Method)
	}
	if !first && (event.Device.token != "" || event.Device.named != "") && !now.known {
		add(NewDevice, "")
	}
	if here := now.decision.Country; !first && here != "" && here != country {
		var before bool
		// Where no country was ever known, as before there was a file of addresses,
		// the first is no news.
		if err := past.QueryRow(`SELECT EXISTS (SELECT 1 FROM identity_event WHERE person = $1 AND kind = $2 AND outcome = $3 AND country = $4)
			OR NOT EXISTS (SELECT 1 FROM identity_event WHERE person = $1 AND kind = $2 AND outcome = $3 AND country <> '')`,
			p.ID, string(SignIn), string(Allowed), here).Scan(&before); err != nil {
			return nil, err
		}
		if !before {
			add(NewCountry, here)
		}
	}
	if !first {
		if network == "" { // a gate told none: one travels from where one was seen
			err := tx.QueryRow("SELECT network, at FROM identity_event WHERE person = $1 AND kind = $2 AND outcome = $3 AND network <> '' ORDER BY at DESC, id DESC LIMIT 1", p.ID, string(SignIn), string(Allowed)).Scan(&network, &at)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		km, speed, err := s.travelled(tx, network, store.Time(at), now)
		if err != nil {
			return nil, err
		}
		if km > nearby && speed > speeding {
			add(ImpossibleTravel, strconv.Itoa(int(km))+" km")
		}
	}
	if now.decision.Place == policy.Abroad {
		add(AbroadRefused, string(now.decision.Reason))
	}
	for _, t := range now.question.Trips {
		if t.To.After(tx.Now) && tx.Now.Sub(t.From) > settled && now.decision.Trip == "" && !slices.Contains(t.Countries, now.decision.Country) {
			var told bool
			if err := past.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_event WHERE person = $1 AND kind = $2 AND reason = $3)", p.ID, string(TripUntravelled), t.ID).Scan(&told); err != nil {
				return nil, err
			}
			if !told {
				add(TripUntravelled, t.ID)
			}
		}
	}
	return list, nil
}

// lastAdded is when somebody who has never signed in came, or got something to
// sign in by, whichever is later; 0: it is not known.
func lastAdded(tx *store.Tx, person string) (at int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(at), 0) FROM (SELECT added AS at FROM authz_person WHERE id = $1
		UNION ALL SELECT created FROM identity_provisioned WHERE person = $1 UNION ALL SELECT made FROM identity_passkey WHERE person = $1) known`, person).Scan(&at)
	return at, err
}

// weaker tells whether somebody shows less than a person who uses a passkey can:
// a page that passes sign-ins on can't use the passkey and asks for the other way.
func (s *Service) weaker(tx *store.Tx, p authz.Person, proof Proof) (weaker bool, err error) {
	if proof.Level.Meets(PhishingResistant) || proof.Method == Persona || proof.Method == byRADIUS { // no gate by RADIUS takes a passkey
		return false, nil
	}
	err = tx.QueryRow("SELECT EXISTS (SELECT 1 FROM identity_passkey WHERE person = $1 AND removed = 0 AND used > $2)", p.ID, store.Millis(tx.Now.Add(-dormant))).Scan(&weaker)
	return weaker, err
}

// travelled is how far apart two sign-ins were, and how fast one would have had
// to be. Networks of the group tell nothing: their way out is where it is.
func (s *Service) travelled(tx *store.Tx, network string, at time.Time, now situation) (km, speed float64, err error) {
	a, ok := policy.ParseAddress(network)
	if !ok || now.question.Network != nil || !now.point.Located {
		return 0, 0, nil
	}
	around, err := s.surroundings(tx)
	if err != nil || around.networks.Of(a) != nil {
		return 0, 0, err
	}
	var was geo.Point
	if was = s.geo.Of(a, tx.Now); !was.Located {
		return 0, 0, nil
	}
	km = was.Kilometres(now.point)
	return km, km / max(tx.Now.Sub(at).Hours(), 1.0/60), nil
}

// warn tells a person that somebody who has his keys was refused abroad: once a
// day for each country.
func warn(tx *store.Tx, e Event) error {
	return notify.Send(tx, notify.Message{
		To: e.Person, Subject: text.M("A sign-in as you from %s was refused", country.Of(e.Country)),
		Body: text.M("If it was you, register a business trip. If it was not, somebody has your passkey or password: tell the CSIRT at once."),
		Href: "/trips", Key: "abroad/" + e.Country + "/" + tx.Now.Format(time.DateOnly), Topic: "identity", Urgent: true,
	})
}
