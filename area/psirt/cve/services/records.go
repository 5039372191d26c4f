package services

import (
	"context"
	"errors"
	"fmt"

	"yagura/area/psirt/cve"
)

// Did is what a write came to.
type Did string

// What was done.
const (
	Created   Did = "created"
	Updated   Did = "updated"
	Unchanged Did = "unchanged" // the record says so already: nothing was written
)

// Outcome is what a write came to, and the record after it.
type Outcome struct {
	Did    Did
	Record *cve.Document
}

// Errors of records that are not in the state a write expects.
var (
	ErrNoRecord     = errors.New("cve services: the ID has no record yet: publish it first")
	ErrIsRejected   = errors.New("cve services: the ID is rejected: to publish it all the same is an update that says so")
	ErrRehearsalOut = errors.New("cve services: IDs CVE-1900-… are for rehearsals and go to a simulator on this machine alone (CNA Rules 5.4.2)")
)

// guard keeps rehearsals within.
func (c *Client) guard(id cve.ID) error {
	if _, err := cve.ParseID(string(id)); err != nil {
		return err
	}
	if id.Rehearsal() && !c.Local() {
		return ErrRehearsalOut
	}
	return nil
}

// Record reads a record; nil where the ID has none.
func (c *Client) Record(ctx context.Context, id cve.ID) (*cve.Document, error) {
	var n cve.Node
	err := c.repeat(ctx, "GET", "/cve/"+string(id), nil, nil, &n)
	if Refused(err, "CVE_RECORD_DNE") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := cve.Of(&n)
	if err == nil && d.ID() != id {
		err = fmt.Errorf("cve services: asked for %s, the service gave %q", id, d.ID())
	}
	return d, err
}

// says tells whether a record holds a container. Who provided it and when is the
// service's to say.
func says(d *cve.Document, container *cve.Node) bool {
	return d != nil && d.CNA() != nil && d.CNA().Without("providerMetadata").Equal(container.Without("providerMetadata"))
}

// Publish sees to it that the ID's record says what the container does: it makes
// the record, changes one that says something else, or finds nothing to do. It may
// be repeated at any time: the service refuses to make a record twice, so an
// attempt without an answer is followed by a look at the record.
func (c *Client) Publish(ctx context.Context, id cve.ID, container *cve.Node) (Outcome, error) {
	if err := c.guard(id); err != nil {
		return Outcome{}, err
	}
	return c.put(ctx, id, container, "cna", "PUBLISHED", true, false)
}

// Update changes a record that is published; one that is rejected only if it is to
// be revived.
func (c *Client) Update(ctx context.Context, id cve.ID, container *cve.Node, revive bool) (Outcome, error) {
	if err := c.guard(id); err != nil {
		return Outcome{}, err
	}
	return c.put(ctx, id, container, "cna", "PUBLISHED", false, revive)
}

// Reject rejects an ID, reserved or published; for one that is rejected it changes
// the reasons.
func (c *Client) Reject(ctx context.Context, id cve.ID, container *cve.Node) (Outcome, error) {
	if err := c.guard(id); err != nil {
		return Outcome{}, err
	}
	return c.put(ctx, id, container, "reject", "REJECTED", true, true)
}

// put brings the record to a state and a container.
func (c *Client) put(ctx context.Context, id cve.ID, container *cve.Node, where, state string, create, fromAny bool) (Outcome, error) {
	path := "/cve/" + string(id) + "/" + where
	body := append(container.AppendJSON([]byte(`{"cnaContainer":`)), '}')
	var lost Did // what an attempt without an answer would have come to
	var err error
	for i := range attempts {
		if i > 0 {
			if e := c.wait(ctx, i-1, err); e != nil {
				return Outcome{}, errors.Join(err, e)
			}
		}
		var is *cve.Document
		if is, err = c.Record(ctx, id); err != nil {
			return Outcome{}, err
		}
		switch {
		case is == nil && !create:
			return Outcome{}, ErrNoRecord
		case is != nil && is.State() == state && says(is, container):
			if lost != "" {
				return Outcome{lost, is}, nil
			}
			return Outcome{Unchanged, is}, nil
		case is != nil && is.State() != state && !fromAny:
			return Outcome{}, ErrIsRejected
		}
		method, did := "POST", Created
		if is != nil {
			method, did = "PUT", Updated
		}
		err = c.once(ctx, method, path, nil, body, nil)
		switch {
		case err == nil:
			is, err = c.Record(ctx, id)
			return Outcome{did, is}, err
		case Refused(err, "CVE_RECORD_EXISTS"), Refused(err, "CVE_RECORD_DNE"):
			continue // somebody was faster, or our own lost attempt: look again
		case !again(err):
			return Outcome{}, err
		}
		if !early(err) {
			lost = did
		}
	}
	return Outcome{}, err
}
