// Package fact holds what areas tell each other: events of the domain in the
// past tense, one file per area. Facts are rows of the ledger and stay for
// good, so they carry ids, codes and numbers, and never personal data.
package fact
