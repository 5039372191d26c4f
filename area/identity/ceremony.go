package identity

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"yagura/kernel/fault"
	"yagura/kernel/id"
	"yagura/kernel/store"
)

// ceremonyFor is how long a person has between two steps.
const ceremonyFor = 5 * time.Minute

// Challenge is what the browser needs for a ceremony, and the name under which
// its answer is taken: the state itself, sealed, so that beginning one keeps
// nothing here.
type Challenge struct {
	Ceremony string `json:"ceremony"`
	Options  any    `json:"options"`
}

// travelling is state between two steps, on its way through the browser.
type travelling struct {
	Until int64           `json:"until"`
	State json.RawMessage `json:"state"`
}

// send seals state about something. Each is another, also of equal state.
func (s *Service) send(tx *store.Tx, about string, state any) (string, error) {
	return s.sendAt(tx.Now, about, state)
}

func (s *Service) sendAt(now time.Time, about string, state any) (string, error) {
	raw, err := json.Marshal(state)
	if err != nil {
		return "", err
	}
	if raw, err = json.Marshal(travelling{store.Millis(now.Add(ceremonyFor)), raw}); err != nil {
		return "", err
	}
	return s.seal(raw, about)
}

func errLate() error { return fault.Conflict("This took too long. Please try again.") }

// look opens state that was sent about the same.
func (s *Service) look(tx *store.Tx, about, sealed string, state any) (spent, error) {
	raw, err := s.open(sealed, about)
	if err != nil {
		return spent{}, errLate()
	}
	var t travelling
	if err := json.Unmarshal(raw, &t); err != nil {
		return spent{}, err
	}
	if t.Until <= tx.Millis() {
		return spent{}, errLate()
	}
	return spent{id.Digest(sealed), t.Until}, json.Unmarshal(t.State, state)
}

// receive is look, and notes that the state is spent: it comes back once. What
// is found to be wrong afterwards is refused by spent.refuse, by which it stays
// spent.
func (s *Service) receive(tx *store.Tx, about, sealed string, state any) (spent, error) {
	used, err := s.look(tx, about, sealed, state)
	if err != nil {
		return used, err
	}
	first, err := used.note(tx)
	if err == nil && !first {
		err = errLate()
	}
	return used, err
}

// challenge sends a ceremony on its way.
func (s *Service) challenge(tx *store.Tx, about string, data *webauthn.SessionData, options any) (Challenge, error) {
	sealed, err := s.send(tx, about, data)
	return Challenge{sealed, options}, err
}

// take returns a ceremony whose answer has come. Each challenge is answered
// once, whatever the answer.
func (s *Service) take(tx *store.Tx, about, sealed string) (data webauthn.SessionData, used spent, err error) {
	used, err = s.receive(tx, about, sealed, &data)
	return data, used, err
}

// spent is what has come back and doesn't a second time.
type spent struct {
	digest string
	until  int64
}

// note tells whether this is the first time.
func (u spent) note(tx *store.Tx) (first bool, err error) {
	n, err := tx.Exec("INSERT INTO identity_spent (digest, until) VALUES ($1,$2) ON CONFLICT (digest) DO NOTHING", u.digest, u.until)
	return n == 1, err
}

// answer counts one of the answers that the state may have, before it is looked at.
func (u spent) answer(tx *store.Tx, most int) error {
	for n := range most {
		one := spent{id.Digest(u.digest + strconv.Itoa(n)), u.until}
		if first, err := one.note(tx); first || err != nil {
			return err
		}
	}
	return fault.Conflict("This was answered as often as it may be. Please begin again.")
}

// refuse is the fault, what the log keeps of it, and that the state stays spent
// though the transaction changes nothing.
func (u spent) refuse(err error, e Event, reason string) error { return u.keep(refuse(err, e, reason)) }

// keep makes a refusal from elsewhere keep the state spent.
func (u spent) keep(err error) error {
	if r, ok := err.(refusal); ok {
		r.spent = u
		return r
	}
	return err
}
