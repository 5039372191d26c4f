package web

import (
	"time"

	"yagura/api"
	"yagura/area/telemetry"
	"yagura/kernel/keyset"
	"yagura/kernel/store"
)

type relayJSON struct {
	ID        string     `json:"id" doc:"Code of the relay" example:"himeji"`
	Name      string     `json:"name" doc:"Name in English"`
	NameJA    string     `json:"name_ja,omitempty" doc:"Name in Japanese"`
	Unit      string     `json:"unit" doc:"Unit whose sources it serves"`
	Sources   []string   `json:"sources,omitempty" doc:"Only these; absent: all of the unit"`
	State     string     `json:"state" enum:"silent,waiting,alive,revoked" doc:"What it is doing"`
	LastSeen  *time.Time `json:"last_seen,omitempty" doc:"Last contact"`
	Until     *time.Time `json:"certificate_until,omitempty" doc:"When its certificate runs out"`
	Version   string     `json:"version,omitempty" doc:"Version that it runs"`
	SkewMS    int64      `json:"clock_skew_ms" doc:"How far its clock is ahead"`
	Waiting   int64      `json:"waiting" doc:"Events that wait there, as last reported"`
	Oldest    *time.Time `json:"oldest,omitempty" doc:"When the oldest of them came"`
	Kept      int64      `json:"kept_bytes" doc:"Their size"`
	Cap       int64      `json:"cap_bytes" doc:"How large they may be"`
	Delivered int64      `json:"delivered_24h" doc:"Events delivered in 24 hours"`
	Strayed   int64      `json:"strayed_24h" doc:"Of them of sources that are not its to serve"`
	Dropped   int64      `json:"dropped_24h" doc:"Lost there"`
	Refused   int64      `json:"refused_24h" doc:"Told to come back there"`
	Problem   string     `json:"problem,omitempty" doc:"Why its last delivery failed"`
}

func relayOf(r telemetry.RelayRow, now time.Time) relayJSON {
	x := r.Report
	return relayJSON{ID: r.ID, Name: r.Name, NameJA: r.NameJA, Unit: r.Unit, Sources: r.Sources, State: string(r.StateAt(now)), LastSeen: when(r.LastSeen), Until: when(r.Until),
		Version: x.Version, SkewMS: r.Skew.Milliseconds(), Waiting: x.Waiting, Oldest: when(x.Oldest), Kept: x.Bytes, Cap: x.Cap,
		Delivered: r.Day.Events, Strayed: r.Day.Strayed, Dropped: r.Day.Dropped, Refused: r.Day.Refused, Problem: x.Problem}
}

func (p *pages) apiRelays(c *api.Context) (any, error) {
	page, err := c.Page("name")
	if err != nil {
		return nil, err
	}
	rows, total, err := p.s.Relays(c.Context(), c.Actor.Scope(telemetry.Read), telemetry.RelayFilter{State: telemetry.RelayState(c.Query("state")), Text: c.Query("q"), Page: page})
	if err != nil {
		return nil, err
	}
	return api.Cut(page, total, rows, func(r telemetry.RelayRow) keyset.Position {
		switch page.Sort {
		case "seen":
			return keyset.At(store.Millis(r.LastSeen), r.ID)
		case "unit":
			return keyset.At(r.Unit, r.ID)
		case "id":
			return keyset.At(r.ID, r.ID)
		}
		return keyset.At(r.Name, r.ID)
	}, func(r telemetry.RelayRow) relayJSON { return relayOf(r, c.Now) }), nil
}

func (p *pages) apiRelay(c *api.Context) (any, error) {
	d, err := p.s.RelayOf(c.Context(), c.Actor, c.Path("id"), "day")
	if err != nil {
		return nil, err
	}
	return relayOf(d.RelayRow, c.Now), nil
}
