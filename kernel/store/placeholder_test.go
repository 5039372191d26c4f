package store

import "testing"

func TestPlain(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1": "SELECT 1",
		"INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) RETURNING a": "INSERT INTO t (a, b) VALUES (?,?),(?,?) RETURNING a",
		"SELECT $1, '$2 it''s $9', $2":                            "SELECT ?, '$2 it''s $9', ?",
		"SELECT $2, $1":                                           "SELECT $2, $1",
		"SELECT $1 WHERE a = $1":                                  "SELECT $1 WHERE a = $1",
		"SELECT $1, $3":                                           "SELECT $1, $3",
		"SELECT ?, $1":                                            "SELECT ?, $1",
		"SELECT $a":                                               "SELECT $a",
		"SELECT $1 || '山' || $2":                                  "SELECT ? || '山' || ?",
	} {
		if got := plain(query); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
}
