package demo

import "time"

// Relay is a small server at a plant that forwards events to the centre.
type Relay struct {
	ID      string
	Name    Text
	Unit    string
	Host    string
	Address string
	Rate    int64         // events in five minutes
	Skew    time.Duration // of its clock
	Waiting int64         // events that it has not delivered
	Quiet   time.Duration // since when it has not reported
	Missing bool          // it is not enrolled yet
	Dropped int64         // datagrams lost in a day
}

// Relays are those of the group: plants whose lines to the centre are thin or
// break.
func Relays() []Relay {
	return []Relay{
		{ID: "himeji", Name: Text{"Relay of Works 3, Himeji", "第3工場(姫路) リレー"}, Unit: "works-himeji", Host: "him-relay-01", Address: "10.124.0.9", Rate: 4200, Skew: 38 * time.Millisecond},
		{ID: "fukuyama", Name: Text{"Relay of Works 5, Fukuyama", "第5工場(福山) リレー"}, Unit: "works-fukuyama", Host: "fuk-relay-01", Address: "10.125.0.9", Rate: 3100, Skew: -21 * time.Millisecond, Dropped: 14},
		{ID: "thailand", Name: Text{"Relay of Thailand", "タイ リレー"}, Unit: "automation-thailand", Host: "tha-relay-01", Address: "203.0.113.77", Rate: 1700, Skew: 3400 * time.Millisecond, Waiting: 18_240},
		{ID: "nagoya", Name: Text{"Relay of Works 1, Nagoya", "第1工場(名古屋) リレー"}, Unit: "works-nagoya", Host: "nag-relay-01", Address: "10.126.0.9", Rate: 2600, Skew: 12 * time.Millisecond, Waiting: 412_300, Quiet: 7 * time.Hour},
		{ID: "dusseldorf", Name: Text{"Relay of the European office", "欧州統括事務所 リレー"}, Unit: "office-europe", Missing: true},
	}
}
