package telemetry

import (
	"bytes"
	"context"
	"io"

	"yagura/area/telemetry/intake"
	"yagura/kernel/fault"
)

// BulkItem is what became of one item of a request in the form of _bulk.
type BulkItem struct {
	Action, Index string
	ID            string // as the sender named it, else that of the event
	Problem       string // a sentence of the catalog: the item is no readable event
	Kept          bool   // with Problem: it is kept as it came
}

// ReceiveBulk takes a delivery in the form of Elasticsearch's _bulk, all of its
// events or, with an error, none. Each item has its answer, in their order: a
// document that cannot be read is kept as it came and said to be unreadable,
// what is no event is refused.
func (s *Service) ReceiveBulk(ctx context.Context, d Delivery, index string) ([]BulkItem, error) {
	src, err := s.admit(d.Token, s.db.Now())
	if err != nil {
		return nil, err
	}
	var items []BulkItem
	var events []intake.Event
	var at []int // item of each event
	err = s.open(d, func(body io.Reader) error {
		var b bytes.Buffer
		if _, err := b.ReadFrom(body); err != nil {
			return err
		}
		return intake.Bulks(b.Bytes(), index, s.routes.Load().zone(src.ID), intake.Limits{}, func(it intake.Bulk) error {
			if len(items) >= maxEvents {
				return &TooLarge{fault.Invalidf("A request holds at most %d events; divide it", maxEvents)}
			}
			item := BulkItem{Action: it.Action, Index: it.Index, ID: it.ID, Problem: it.Refuse}
			if it.Refuse == "" {
				item.Problem, item.Kept = it.Event.Problem, true
				events, at = append(events, it.Event), append(at, len(items))
			}
			items = append(items, item)
			return nil
		})
	}, func() error {
		receipt, err := s.Submit(ctx, src, events, d.Key)
		for n, i := range at {
			if items[i].ID == "" {
				items[i].ID = receipt.Event(n)
			}
		}
		return err
	})
	if err != nil {
		return nil, s.refused(err, src, int64(max(len(events), 1)))
	}
	return items, nil
}
