package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"yagura/area/identity"
	"yagura/kernel/fault"
	"yagura/kernel/job"
)

// A 200 to a sign-out is what the application says, not that the session is
// over: clients are known that take the message and keep the session. So an
// application that can is asked again, at an address of its own: a form with
// probe_token, a JWT signed and to be verified like a logout token, but of the
// type probe+jwt and with another event, so that neither passes for the other.
// It names the session (sid) and the person (sub). The answer is 200 with JSON,
// in the words of RFC 7662: {"active": false} where nobody gets in by that
// session any more. It is asked for a minute; each time the answer is what
// counts then.

// ProbeEvent is the event in a probe token.
const ProbeEvent = "urn:yagura:event:session-probe"

const probeAttempts = 6

var errAlive = errors.New("the session still lives at the application")

func (p *Provider) probe(ctx context.Context, j job.Job) error {
	var f identity.Farewell
	if err := j.Into(&f); err != nil {
		return err
	}
	c, err := p.FindClient(ctx, f.Client)
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		return err
	}
	a := identity.Answer{Last: j.Attempt >= probeAttempts}
	alive := false
	if err != nil || c.ProbeURI == "" {
		a.Problem, a.Last = "the application can't be asked any more", true
	} else if a.Status, alive, err = p.askProbe(ctx, c, f); err != nil {
		a.Problem = err.Error()
	} else if alive {
		err = errAlive
	}
	if noted := p.Probed(context.WithoutCancel(ctx), f, alive, a); noted != nil {
		return errors.Join(err, noted)
	}
	if a.Last { // what is known is written down: there is nothing left for a person to retry
		return nil
	}
	return err
}

// askProbe asks once.
func (p *Provider) askProbe(ctx context.Context, c identity.Client, f identity.Farewell) (status int, alive bool, err error) {
	resp, err := p.word(ctx, c, f, c.ProbeURI, "probe_token", "probe+jwt", ProbeEvent)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		return resp.StatusCode, false, fmt.Errorf("the probe was answered %d", resp.StatusCode)
	}
	var said struct {
		Active *bool `json:"active"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&said); err != nil || said.Active == nil {
		return resp.StatusCode, false, errors.New(`the answer to the probe is not JSON with "active"`)
	}
	return resp.StatusCode, *said.Active, nil
}
