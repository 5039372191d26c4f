package intake

import (
	"encoding/json"
	"testing"
	"time"
)

func TestNetworkDevicesSayWhatTheyMean(t *testing.T) {
	s := NewSyslog(nil)
	for line, want := range map[string]map[string]string{
		"<189>Nov 25 10:00:01 sw-core1 2345: Nov 25 10:00:00.123: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: admin] [Source: 10.1.1.1]": {
			"mnemonic": "SEC_LOGIN-4-LOGIN_FAILED", "host": "sw-core1"},
		"<189>Nov 25 10:00:01 sw-core1 %SYS-5-CONFIG_I: Configured from console by admin on vty0 (10.1.1.1)": {"mnemonic": "SYS-5-CONFIG_I"},
		"<166>Nov 25 10:00:01 fw-3 %ASA-6-302013: Built outbound TCP connection 7":                           {"mnemonic": "ASA-6-302013"},
		"<13>Nov 25 10:00:01 web-01 app: 80 % of 5-3-2 is used":                                              {"mnemonic": ""},
		"<13>Nov 25 10:00:01 web-01 app: %A-9-B: no such severity":                                           {"mnemonic": ""},
		`<189>date=2026-11-25 time=10:00:00 devname="fw-ams" devid="FG100" logid="0100044547" type="event" logdesc="Object attribute configured" user="admin" action="Add" cfgpath="firewall.policy" cfgattr="srcintf[office]dstintf[ot-cell4]"`: {
			"devid": "FG100", "logid": "0100044547", "type": "event", "action": "add", "cfgpath": "firewall.policy", "cfgattr": "srcintf[office]dstintf[ot-cell4]", "host": "fw-ams"},
		`<13>Nov 25 10:00:01 web-01 app: a=1 b=2 logid=3 c=4 d=5`: {"logid": ""},
	} {
		r := s.Parse([]byte(line), time.Date(2026, 11, 25, 10, 0, 2, 0, time.UTC))
		var doc map[string]any
		if err := json.Unmarshal(r.Raw, &doc); err != nil || r.Problem != "" {
			t.Fatalf("%s: %v %s", line, err, r.Problem)
		}
		for name, v := range want {
			if got, _ := doc[name].(string); got != v {
				t.Errorf("%s: %s is %q, not %q", line, name, got, v)
			}
		}
	}
}
