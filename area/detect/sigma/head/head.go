// Package head finds when and where an event happened, as the event itself says
// it, whatever system wrote it.
package head

import (
	"time"

	"yagura/area/detect/sigma"
)

// Times and Hosts are the places where events say it, best first.
var (
	Times = []string{"Event.System.TimeCreated.#attributes.SystemTime", "@timestamp", "TimeCreated", "UtcTime", "eventTime", "time", "timestamp", "published"}
	Hosts = []string{"Event.System.Computer", "Computer", "winlog.computer_name", "Hostname", "host.name", "hostname", "host"}
)

// Time is when an event happened, if it says so.
func Time(raw []byte) (time.Time, bool) {
	found := sigma.NewPicker(Times).Pick(nil, raw)
	return sigma.TimeOf(found[0])
}
