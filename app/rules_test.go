package app

import (
	"slices"
	"testing"
	"time"

	"yagura/area/detect/rules"
	"yagura/area/detect/sigma"
	"yagura/area/telemetry/intake"
	"yagura/area/telemetry/intake/normalise"
)

// TestLinesFireRules takes lines as devices send them through intake into the
// starter pack: what a rule asks for is what intake makes of the line.
func TestLinesFireRules(t *testing.T) {
	set, err := sigma.ParseFS(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, problems := sigma.Compile(set.Rules, nil, sigma.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	m, syslog := e.NewMatcher(), intake.NewSyslog(nil)
	for line, slug := range map[string]string{
		`<189>Nov 25 10:00:01 sw-core1 2345: Nov 25 10:00:00.123: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: admin] [Source: 10.1.1.1] [localport: 22] [Reason: Login Authentication Failed]`:                                                                                                                                                                                             "network/switch-login-refused",
		`<189>Nov 25 10:00:01 sw-core1 2346: Nov 25 10:00:00.123: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: k.lang] [Source: 10.1.1.1] [localport: 22]`:                                                                                                                                                                                                                                "",
		`<189>date=2026-11-25 time=10:00:00 devname="fw-ams" devid="FG100" logid="0100044547" type="event" subtype="system" level="information" vd="root" logdesc="Object attribute configured" user="admin" ui="GUI(10.42.1.9)" action="Add" cfgtid=1 cfgpath="firewall.policy" cfgobj="88" cfgattr="name[temp]srcintf[office]dstintf[ot-cell4]action[accept]" msg="Add firewall.policy 88"`: "network/firewall-policy-into-plant",
		`<189>date=2026-11-25 time=10:00:00 devname="fw-ams" devid="FG100" logid="0100044547" type="event" subtype="system" level="information" vd="root" logdesc="Object attribute configured" user="admin" ui="GUI(10.42.1.9)" action="Add" cfgtid=2 cfgpath="system.admin" cfgobj="support2" cfgattr="accprofile[super_admin]" msg="Add system.admin support2"`:                            "network/firewall-administrator-added",
		`<38>Nov 25 10:00:01 db-01 postgres[999]: [5-1] user=app,db=erp LOG:  AUDIT: SESSION,1,1,ROLE,CREATE ROLE,,,CREATE ROLE x SUPERUSER,<not logged>`:                                                                                                                                                                                                                                     "server/postgres-superuser-made",
		`<38>Nov 25 10:00:01 db-01 postgres[999]: [5-1] user=app,db=erp LOG:  AUDIT: SESSION,1,1,WRITE,COPY,,,COPY t FROM PROGRAM 'id',<not logged>`:                                                                                                                                                                                                                                          "server/postgres-runs-program",
		`<86>Nov 25 10:00:01 web-01 sudo: www-data : TTY=unknown ; PWD=/var/www ; USER=root ; COMMAND=/bin/bash`:                                                                                                                                                                                                                                                                              "linux/sudo-shell-from-service",
		`<86>Nov 25 10:00:01 web-01 sudo:   k.lang : TTY=pts/0 ; PWD=/home/k.lang ; USER=root ; COMMAND=/bin/bash`:                                                                                                                                                                                                                                                                            "",
		`<13>Nov 25 10:00:01 web-01 audisp-syslog: type=EXECVE msg=audit(1795334400.120:950): argc=3 a0="systemctl" a1="stop" a2="auditd"`:                                                                                                                                                                                                                                                    "linux/audit-stopped",
		`<13>Nov 25 10:00:01 web-01 audisp-syslog: type=CONFIG_CHANGE msg=audit(1795334400.120:951): op=set audit_enabled=0 old=1 auid=1000 ses=3 res=1`:                                                                                                                                                                                                                                      "linux/audit-stopped",
		`<13>Nov 25 10:00:01 web-01 audisp-syslog: type=EXECVE msg=audit(1795334400.120:952): argc=2 a0="insmod" a1="/dev/shm/x.ko"`:                                                                                                                                                                                                                                                          "linux/kernel-module-loaded-by-hand",
		`<14>2026-11-25T10:00:01.123Z esx-04 vobd[2098]:  [UserLevelCorrelator] 123us: [esx.audit.ssh.enabled] SSH access has been enabled.`:                                                                                                                                                                                                                                                  "server/hypervisor-opened",
		`<14>2026-11-25T10:00:01.123Z esx-04 shell[2100]: [root]: esxcli vm process kill --type=force --world-id=2101`:                                                                                                                                                                                                                                                                        "server/hypervisor-machines-killed",
		`<14>1 2026-11-25T10:00:01.123Z vc-01 vpxd 4711 - - Event [88123] [1-1] [2026-11-25T10:00:01Z] [vim.event.PermissionAddedEvent] [info] [VSPHERE.LOCAL\Administrator] [DC] [88123] [Permission created for CORP\m.visser on Datacenters, role is Admin, propagation is Enabled]`:                                                                                                       "server/vcenter-administrator-added",
	} {
		read := syslog.Parse([]byte(line), time.Date(2026, 11, 25, 10, 0, 2, 0, time.UTC))
		if read.Problem != "" {
			t.Errorf("%s: %s", line, read.Problem)
		}
		hits, err := m.Match(read.Raw, sigma.LogSource{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range hits {
			got = append(got, h.Rule.File)
		}
		if slug == "" && len(got) > 0 || slug != "" && !slices.Contains(got, slug+".yml") {
			t.Errorf("%s\nfires %v, not %q; read as %s", line, got, slug, read.Raw)
		}
	}
}

// TestSamplesFireAfterIntake holds the samples of the pack to the documents that
// detection really gets: with the names and the log source that intake adds.
func TestSamplesFireAfterIntake(t *testing.T) {
	set, err := sigma.ParseFS(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := sigma.Compile(set.Rules, nil, sigma.Options{})
	m, names := e.NewMatcher(), normalise.Builtin()
	pack, _ := rules.Pack()
	for _, r := range pack {
		c, err := rules.CaseOf(r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i, doc := range append(c.Fires, c.Silent...) {
			dressed, _ := names.Apply([]byte(doc))
			l := normalise.LogSourceOf(dressed)
			hits, err := m.Match(dressed, sigma.LogSource{Product: l.Product, Category: l.Category, Service: l.Service})
			if err != nil {
				t.Fatal(err)
			}
			fires := slices.ContainsFunc(hits, func(h sigma.Hit) bool { return h.Rule.ID == r.ID })
			if fires != (i < len(c.Fires)) {
				t.Errorf("%s fires %v on %s", r.Slug, fires, dressed)
			}
		}
	}
}
