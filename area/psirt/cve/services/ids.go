package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"yagura/area/psirt/cve"
)

// ID is an ID as the service keeps it.
type ID struct {
	CVE         cve.ID    `json:"cve_id"`
	Year        string    `json:"cve_year"`
	State       cve.State `json:"state"`
	Owner       string    `json:"owning_cna"`
	RequestedBy struct {
		CNA  string `json:"cna"`
		User string `json:"user"`
	} `json:"requested_by"`
	Reserved time.Time `json:"reserved"`
}

// Quota is how many IDs may be reserved at a time.
type Quota struct {
	Quota     int `json:"id_quota"`
	Reserved  int `json:"total_reserved"`
	Available int `json:"available"`
}

// Quota asks for that of the organisation.
func (c *Client) Quota(ctx context.Context) (q Quota, err error) {
	return q, c.repeat(ctx, "GET", "/org/"+c.org+"/id_quota", nil, nil, &q)
}

// Filter is which IDs are listed; the zero value is all.
type Filter struct {
	State cve.State
	Year  int
	Since time.Time // reserved after
}

const mostPages = 10_000

// List gives the organisation's IDs, over all pages.
func (c *Client) List(ctx context.Context, f Filter) ([]ID, error) {
	q := url.Values{}
	if f.State != "" {
		q.Set("state", string(f.State))
	}
	if f.Year != 0 {
		q.Set("cve_id_year", strconv.Itoa(f.Year))
	}
	if !f.Since.IsZero() {
		q.Set("time_reserved.gt", f.Since.UTC().Format(time.RFC3339))
	}
	var all []ID
	err := c.pages(ctx, "/cve-id", q, func(raw json.RawMessage) error {
		var page struct {
			IDs []ID `json:"cve_ids"`
		}
		err := json.Unmarshal(raw, &page)
		all = append(all, page.IDs...)
		return err
	})
	// A list that changes between two pages may show an ID twice.
	slices.SortStableFunc(all, func(a, b ID) int { return a.CVE.Compare(b.CVE) })
	return slices.CompactFunc(all, func(a, b ID) bool { return a.CVE == b.CVE }), err
}

// pages follows a list from page to page.
func (c *Client) pages(ctx context.Context, path string, q url.Values, take func(json.RawMessage) error) error {
	for page, n := 1, 0; n < mostPages; n++ {
		q.Set("page", strconv.Itoa(page))
		var raw json.RawMessage
		if err := c.repeat(ctx, "GET", path, q, nil, &raw); err != nil {
			return err
		}
		var next struct{ NextPage *int }
		if err := json.Unmarshal(raw, &next); err != nil {
			return fmt.Errorf("cve services: GET %s: page %d: %w", path, page, err)
		}
		if err := take(raw); err != nil {
			return fmt.Errorf("cve services: GET %s: page %d: %w", path, page, err)
		}
		if next.NextPage == nil || *next.NextPage <= page {
			return nil
		}
		page = *next.NextPage
	}
	return fmt.Errorf("cve services: GET %s: more than %d pages", path, mostPages)
}

// Get asks for one ID.
func (c *Client) Get(ctx context.Context, id cve.ID) (x ID, err error) {
	return x, c.repeat(ctx, "GET", "/cve-id/"+string(id), nil, nil, &x)
}

// Batch is how several IDs lie to one another.
type Batch string

// The batches. Of IDs one after the other, one tells that there are others; at
// most ten at a time need not be in a row.
const (
	InRow     Batch = "sequential"
	Scattered Batch = "nonsequential"
)

const mostScattered = 10

// Order is a reservation to be made. It is prepared before anything is asked of
// the service, and may be kept (it is plain JSON), so that even a program which
// died in the middle can find out what became of it, by Resume.
type Order struct {
	Amount int
	Year   int
	Batch  Batch
	Before []cve.ID // what was reserved already
}

// Reservation is what an order brought.
type Reservation struct {
	IDs       []ID
	Remaining int  // of the quota; -1 where it was not told
	Partial   bool // the service had not as many
	Recovered bool // the answer was lost, and the IDs were found by listing
}

// Uncertain says that the service gave no clear answer, and that the list of IDs
// does not show either what became of the order. Nothing more was reserved; a
// person decides, or Resume later.
type Uncertain struct {
	Order Order
	Found []ID
	Err   error
}

func (u *Uncertain) Error() string {
	var ids []string
	for _, id := range u.Found {
		ids = append(ids, string(id.CVE))
	}
	if len(ids) == 0 {
		return fmt.Sprintf("cve services: it is not known whether %d IDs were reserved: %v", u.Order.Amount, u.Err)
	}
	return fmt.Sprintf("cve services: it is not known whether %d IDs were reserved; %d new ones are listed (%s): %v", u.Order.Amount, len(ids), strings.Join(ids, ", "), u.Err)
}

func (u *Uncertain) Unwrap() error { return u.Err }

// Prepare makes an order and notes which IDs are reserved before it.
func (c *Client) Prepare(ctx context.Context, amount, year int, batch Batch) (Order, error) {
	switch {
	case amount < 1:
		return Order{}, errors.New("cve services: at least one ID is reserved")
	case batch == Scattered && amount > mostScattered:
		return Order{}, fmt.Errorf("cve services: at most %d IDs that are not in a row can be reserved at a time", mostScattered)
	}
	before, err := c.List(ctx, Filter{State: cve.Reserved})
	o := Order{Amount: amount, Year: year, Batch: batch, Before: []cve.ID{}}
	for _, id := range before {
		o.Before = append(o.Before, id.CVE)
	}
	return o, err
}

// Reserve carries an order out, once. An attempt that was refused before it began
// is simply repeated. After one without a clear answer, what is reserved now is
// held against what was before: as many new IDs of this user as were ordered are
// those of the order; where there are none, twice in a row with a pause between,
// the attempt is repeated; anything else is Uncertain, and nothing more is asked
// for. The user's account has to be this program's alone for that.
func (c *Client) Reserve(ctx context.Context, o Order) (Reservation, error) {
	q := url.Values{"amount": {strconv.Itoa(o.Amount)}, "cve_year": {strconv.Itoa(o.Year)}, "short_name": {c.org}}
	if o.Amount > 1 || o.Batch != "" {
		q.Set("batch_type", string(o.Batch))
	}
	if o.Amount > 1 && o.Batch == "" {
		q.Set("batch_type", string(InRow))
	}
	var err error
	for i := range attempts {
		if i > 0 {
			if e := c.wait(ctx, i-1, err); e != nil {
				return Reservation{}, errors.Join(err, e)
			}
		}
		var answer struct {
			IDs   []ID `json:"cve_ids"`
			Error string
			Meta  struct {
				Remaining *int `json:"remaining_quota"`
			}
		}
		err = c.once(ctx, "POST", "/cve-id", q, nil, &answer)
		if err == nil && len(answer.IDs) == 0 {
			err = &Unanswered{"POST", "/cve-id", errors.New("the answer names no ID")}
		}
		switch {
		case err == nil:
			r := Reservation{IDs: answer.IDs, Remaining: -1, Partial: len(answer.IDs) < o.Amount}
			if answer.Meta.Remaining != nil {
				r.Remaining = *answer.Meta.Remaining
			}
			return r, nil
		case early(err):
			continue
		case !again(err) && !Refused(err, "RESERVATION_IN_PROGRESS"):
			return Reservation{}, err
		}
		// The request may still be under way: nothing found counts when it is found
		// twice.
		for range 2 {
			if e := c.wait(ctx, i, err); e != nil {
				return Reservation{}, &Uncertain{o, nil, errors.Join(err, e)}
			}
			r, e := c.find(ctx, o, err)
			if e != nil || len(r.IDs) > 0 {
				return r, e
			}
		}
	}
	return Reservation{}, err
}

// Resume finds out what became of an order that was begun, and carries it out if
// nothing came of it.
func (c *Client) Resume(ctx context.Context, o Order) (Reservation, error) {
	r, err := c.find(ctx, o, errors.New("the program ended before the answer"))
	if err != nil || len(r.IDs) > 0 {
		return r, err
	}
	return c.Reserve(ctx, o)
}

// find looks for the IDs of an order among those that are new; none are found
// where the order was not carried out.
func (c *Client) find(ctx context.Context, o Order, cause error) (Reservation, error) {
	now, err := c.List(ctx, Filter{State: cve.Reserved})
	if err != nil {
		return Reservation{}, &Uncertain{o, nil, errors.Join(cause, err)}
	}
	var found []ID
	for _, id := range now {
		if !slices.Contains(o.Before, id.CVE) && id.RequestedBy.User == c.user && (id.CVE.Year() == o.Year || id.CVE.Rehearsal()) {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		return Reservation{}, nil
	}
	if len(found) != o.Amount {
		return Reservation{}, &Uncertain{o, found, cause}
	}
	return Reservation{IDs: found, Remaining: -1, Recovered: true}, nil
}
