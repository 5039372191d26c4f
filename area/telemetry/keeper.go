package telemetry

import (
	"context"
	"fmt"

	"yagura/kernel/store"
)

// Keeper is the event store that belongs to a database: a folder with an id of
// its own, on a machine.
type Keeper struct{ ID, Host, Folder string }

// Claim makes the folder the event store of a database that servers share. Where
// another is, that is an error: each of two servers would see half the events.
func Claim(ctx context.Context, db *store.DB, k Keeper) error {
	return db.Operate(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("INSERT INTO telemetry_keeper (one, id, host, folder) VALUES (1, $1, $2, $3) ON CONFLICT (one) DO NOTHING", k.ID, k.Host, k.Folder); err != nil {
			return err
		}
		var has Keeper
		if err := tx.QueryRow("SELECT id, host, folder FROM telemetry_keeper WHERE one = 1").Scan(&has.ID, &has.Host, &has.Folder); err != nil {
			return err
		}
		if has.ID != k.ID {
			return fmt.Errorf("the events of this database are kept by the server on %s in the folder %s. For a second server, run VictoriaLogs and set telemetry.events for all of them", has.Host, has.Folder)
		}
		if has != k { // it was moved with its folder
			_, err := tx.Exec("UPDATE telemetry_keeper SET host = $1, folder = $2 WHERE one = 1", k.Host, k.Folder)
			return err
		}
		return nil
	})
}

// Succeed makes the folder the event store of a database that was restored.
func Succeed(ctx context.Context, db *store.DB, k Keeper) error {
	return db.Operate(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO telemetry_keeper (one, id, host, folder) VALUES (1, $1, $2, $3) ON CONFLICT (one) DO UPDATE SET id = excluded.id, host = excluded.host, folder = excluded.folder",
			k.ID, k.Host, k.Folder)
		return err
	})
}
