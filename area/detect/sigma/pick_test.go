package sigma

import (
	"fmt"
	"testing"
)

func TestPicker(t *testing.T) {
	p := NewPicker([]string{"Event.System.TimeCreated.#attributes.SystemTime", "@timestamp", "time"}, []string{"Computer", "host.name", "host"})
	for raw, want := range map[string]string{
		`{"time":"t1","@timestamp":"t2","host":"h"}`:                                       "[t2 h]",
		`{"Event":{"System":{"TimeCreated":{"#attributes":{"SystemTime":"t"}}}},"time":1}`: "[t ]",
		`{"host":{"name":"n","x":1}}`:                                                      "[ n]",
		`{"host.name":"\u0041\\b","Computer":""}`:                                          `[ A\b]`,
		`{"time":null,"host":7}`:                                                           "[ ]",
		`{"time":"x"`:                                                                      "[ ]",
	} {
		for range 2 {
			if got := fmt.Sprint(p.Pick(nil, []byte(raw))); got != want {
				t.Errorf("%s: %s, want %s", raw, got, want)
			}
		}
	}
}
