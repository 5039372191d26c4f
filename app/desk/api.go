package desk

import (
	"strconv"
	"time"

	"yagura/api"
	"yagura/kernel/fault"
	"yagura/kernel/ledger"
	"yagura/kernel/store"
)

func (d *Desk) api() []api.Route {
	return []api.Route{
		{
			Method: "GET", Path: "/ledger", Act: ledger.Read,
			Summary: "Sealed rows of the audit trail in the asker's units, oldest first",
			Doc:     "Read from a position on: after=0 begins, after=next goes on. Each row's hash covers the row and the hash before it.",
			Query: []api.Param{
				{Name: "after", Type: "integer", Doc: "Only rows with a greater position"},
				{Name: "limit", Type: "integer", Doc: "At most so many rows, 1 to 500; 100 when not given"},
				{Name: "subject", Doc: "Only rows about this number or id"},
				{Name: "kind", Doc: "Only rows of this kind; with a dot at the end, of this area"},
			},
			Out: ledgerPage{},
			Handle: func(c *api.Context) (any, error) {
				f := ledger.Filter{Subject: c.Query("subject"), Kind: c.Query("kind"), Asc: true}
				limit := 100
				for name, into := range map[string]func(n int64) bool{
					"after": func(n int64) bool { f.Past = n; return n >= 0 },
					"limit": func(n int64) bool { limit = int(n); return n >= 1 && n <= 500 },
				} {
					if s := c.Query(name); s != "" {
						n, err := strconv.ParseInt(s, 10, 64)
						if err != nil || !into(n) {
							return nil, fault.Invalid(fault.F(name, "A whole number is needed here"))
						}
					}
				}
				page := ledgerPage{Items: []ledgerRowJSON{}, Next: f.Past}
				err := d.DB.View(c.Context(), func(tx *store.Tx) error {
					rows, err := ledger.List(tx, c.Actor.Scope(ledger.Read), f, limit)
					for _, r := range rows {
						page.Items = append(page.Items, ledgerRowJSON{r.Pos, r.ID, r.At, r.Actor, r.Unit, r.Kind, r.Subject, string(r.Body), r.Hash})
						page.Next = r.Pos
					}
					return err
				})
				return page, err
			},
		},
	}
}

type ledgerPage struct {
	Items []ledgerRowJSON `json:"items"`
	Next  int64           `json:"next" doc:"Position of the last row, for after; where there is no row, after as it was given"`
}

type ledgerRowJSON struct {
	Pos     int64     `json:"pos" doc:"Position, from 1 without a gap"`
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Unit    string    `json:"unit"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	Body    string    `json:"body" doc:"JSON text exactly as it was hashed"`
	Hash    string    `json:"hash" doc:"base64 of SHA-256 over the hash before and this row"`
}
