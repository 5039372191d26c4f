package telemetry

import (
	"time"

	"yagura/kernel/authz"
	"yagura/kernel/notify"
	"yagura/kernel/store"
	"yagura/kernel/text"
)

// Holders tells who may do an act in a unit, as *authz.Directory does.
type Holders interface {
	Holders(tx *store.Tx, act authz.Act, unit string) ([]string, error)
}

// Notices tells those who manage the source's unit that it fell silent, once
// for each silence.
func Notices(h Holders) Notifier { return notices{h} }

type notices struct{ h Holders }

func (n notices) RelaySilent(tx *store.Tx, r Relay, since time.Time) error {
	people, err := n.h.Holders(tx, Manage, r.Unit)
	if err != nil {
		return err
	}
	for _, person := range people {
		if err := notify.Send(tx, notify.Message{To: person, Topic: "telemetry",
			Subject: text.M("The relay %s has fallen silent", r.Name),
			Body:    text.M("The relay has not reported since %s. What it takes in waits there, and is not seen here.", since.UTC().Format("2006-01-02 15:04 UTC")),
			Href:    "/telemetry/relays/" + r.ID, Key: "telemetry.relay_silent/" + r.ID + "/" + since.UTC().Format(time.RFC3339)}); err != nil {
			return err
		}
	}
	return nil
}

func (n notices) SourceSilent(tx *store.Tx, s Source, since time.Time) error {
	people, err := n.h.Holders(tx, Manage, s.Unit)
	if err != nil {
		return err
	}
	for _, person := range people {
		if err := notify.Send(tx, notify.Message{To: person, Topic: "telemetry",
			Subject: text.M("%s has fallen silent", s.Name),
			Body:    text.M("Nothing has come from this source since %s. Whatever happens there is not seen.", since.UTC().Format("2006-01-02 15:04 UTC")),
			Href:    "/telemetry/sources/" + s.ID, Key: "telemetry.silent/" + s.ID + "/" + since.UTC().Format(time.RFC3339)}); err != nil {
			return err
		}
	}
	return nil
}
