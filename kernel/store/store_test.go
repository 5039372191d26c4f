package store_test

import (
	"context"
	"errors"
	"testing"

	"yagura/kernel/clock"
	"yagura/kernel/store"
	"yagura/kernel/store/storetest"
)

var thing = store.Migrations{Area: "thing", SQL: `-- migration 1: things
CREATE TABLE thing (
	id text PRIMARY KEY,
	body bytea,
	n bigint NOT NULL DEFAULT 0
);
`}

type actor string

func (a actor) Who() string { return string(a) }

type happened struct{ Thing string }

func (h happened) Heading() store.Heading {
	return store.Heading{Kind: "thing.happened", Subject: h.Thing}
}

func TestChangeRefusesWhatIsNotRecorded(t *testing.T) {
	storetest.Each(t, []store.Migrations{thing}, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		ctx := context.Background()
		ways := map[string]func(tx *store.Tx) error{
			"exec": func(tx *store.Tx) error {
				_, err := tx.Exec("INSERT INTO thing (id) VALUES ($1)", "a")
				return err
			},
			"returning": func(tx *store.Tx) error {
				var id string
				return tx.QueryRow("INSERT INTO thing (id) VALUES ($1) RETURNING id", "b").Scan(&id)
			},
			"rows of returning": func(tx *store.Tx) error {
				_, err := store.Texts(tx, "INSERT INTO thing (id) VALUES ($1) RETURNING id", "c")
				return err
			},
			"number": func(tx *store.Tx) error {
				_, err := tx.Number("INC")
				return err
			},
		}
		for name, write := range ways {
			if err := db.Change(ctx, write); !errors.Is(err, store.ErrUnrecorded) {
				t.Errorf("%s without a record: %v", name, err)
			}
		}
		if err := db.Change(ctx, func(tx *store.Tx) error {
			_, err := store.Texts(tx, "SELECT id FROM thing FOR UPDATE")
			return err
		}); err != nil {
			t.Errorf("a change that only looked: %v", err)
		}
		for name, write := range ways {
			if err := db.Change(ctx, func(tx *store.Tx) error {
				if err := write(tx); err != nil {
					return err
				}
				return tx.Record(actor("x"), happened{name})
			}); err != nil {
				t.Errorf("%s with a record: %v", name, err)
			}
		}
		if err := db.View(ctx, func(tx *store.Tx) error {
			ids, err := store.Texts(tx, "SELECT id FROM thing ORDER BY id")
			if err == nil && len(ids) != 3 {
				t.Errorf("rows: %v", ids)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if err := db.View(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM thing")
			return err
		}); err == nil {
			t.Error("a view could delete")
		}
	})
}

func TestVeil(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB, _ *clock.Movable) {
		var hidden string
		ctx := context.Background()
		err := db.Operate(ctx, func(tx *store.Tx) (err error) {
			hidden, err = tx.Veil("p1", "山田 太郎")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Operate(ctx, func(tx *store.Tx) error {
			plain, err := tx.Unveil("p1", hidden)
			if err != nil || plain != "山田 太郎" {
				t.Errorf("unveiled %q, %v", plain, err)
			}
			if err := tx.Forget("p1"); err != nil {
				return err
			}
			if _, err := tx.Unveil("p1", hidden); !errors.Is(err, store.ErrForgotten) {
				t.Errorf("after forgetting: %v", err)
			}
			if _, err := tx.Veil("p1", "again"); !errors.Is(err, store.ErrForgotten) {
				t.Errorf("a destroyed key was made again: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
