package demo

import (
	"fmt"
	"strings"
	"time"
)

const (
	authPriority  = 86 // authpriv.info
	auditPriority = 13 // user.notice, as the plug-in of auditd sends
)

func (s *site) ssh(sc *scene, at time.Time, host, message string) Event {
	return Event{"lnx-" + s.unit.Code, s.unit.ID, at, "syslog", modern(at, s.zone, authPriority, host, "sshd", int(sc.pid()), message)}
}

func sshSession(sc *scene, s *site, at time.Time) Event {
	host := pick(sc.r, s.linux)
	who := pick(sc.r, []string{"deploy", "ansible", "backup", "adm-" + pick(sc.r, s.users).login[2:]})
	port := 32768 + sc.r.IntN(28000)
	switch sc.r.IntN(5) {
	case 0:
		return s.ssh(sc, at, host, "pam_unix(sshd:session): session opened for user "+who+"(uid=1001) by "+who+"(uid=0)")
	case 1:
		return s.ssh(sc, at, host, "pam_unix(sshd:session): session closed for user "+who)
	case 2:
		return s.ssh(sc, at, host, fmt.Sprintf("Received disconnect from %s port %d:11: disconnected by user", server(s.unit, 9), port))
	case 3:
		if sc.r.IntN(4) == 0 {
			return s.ssh(sc, at, host, fmt.Sprintf("Failed password for %s from %s port %d ssh2", who, server(s.unit, 9), port))
		}
	}
	return s.ssh(sc, at, host, fmt.Sprintf("Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%016x%016x", who, server(s.unit, 9), port, sc.r.Uint64(), sc.r.Uint64()))
}

// sshGuess is the rain on every host that the internet can reach.
func sshGuess(sc *scene, s *site, at time.Time) Event {
	from, port := outside(sc.r), 32768+sc.r.IntN(28000)
	name := pick(sc.r, []string{"admin", "oracle", "test", "ubuntu", "git", "postgres"})
	host := s.linux[0]
	if sc.r.IntN(2) == 0 {
		return s.ssh(sc, at, host, fmt.Sprintf("Invalid user %s from %s port %d", name, from, port))
	}
	return s.ssh(sc, at, host, fmt.Sprintf("Connection closed by invalid user %s %s port %d [preauth]", name, from, port))
}

// audited is one record of auditd.
func (s *site) audited(sc *scene, at time.Time, host, kind, fields string) Event {
	sc.serial++
	message := fmt.Sprintf("type=%s msg=audit(%d.%03d:%d): %s", kind, at.Unix(), at.Nanosecond()/1e6, sc.serial, fields)
	return Event{"lnx-" + s.unit.Code, s.unit.ID, at, "syslog", modern(at, s.zone, auditPriority, host, "auditd", 0, message)}
}

// execve writes the arguments as auditd does.
func execve(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "argc=%d", len(args))
	for i, a := range args {
		fmt.Fprintf(&b, " a%d=%q", i, a)
	}
	return b.String()
}

var jobs = [][]string{
	{"/usr/bin/rsync", "-a", "/srv/data/", "backup@inz-lnx01:/vault/"}, {"systemctl", "is-active", "nginx"}, {"logrotate", "/etc/logrotate.conf"},
	{"curl", "-fsS", "https://update.cloud.example/index"}, {"tar", "czf", "/srv/backup/etc.tgz", "/etc"}, {"python3", "/opt/collect/run.py", "--once"},
	{"nc", "-z", "inz-app03", "5432"}, {"sh", "-c", "df -P | tail -n +2"}, {"journalctl", "--vacuum-time=30d"}, {"rm", "-f", "/tmp/build.lock"}, {"psql", "-c", "select 1"},
}

func commandAudited(sc *scene, s *site, at time.Time) Event {
	host, job := pick(sc.r, s.linux), pick(sc.r, jobs)
	if sc.r.IntN(2) == 0 {
		return s.audited(sc, at, host, "EXECVE", execve(job...))
	}
	account := pick(sc.r, []string{"root", "deploy", "backup", "www-data"})
	exe, comm := "/usr/bin/"+strings.TrimPrefix(job[0], "/usr/bin/"), strings.TrimPrefix(job[0], "/usr/bin/")
	if account == "www-data" {
		exe, comm = "/usr/sbin/php-fpm8.3", "php-fpm"
	}
	return s.audited(sc, at, host, "SYSCALL", systemCall(sc, account, exe, comm))
}

func systemCall(sc *scene, account, exe, comm string) string {
	uid := map[string]int{"root": 0, "www-data": 33, "deploy": 1001, "backup": 34}[account]
	return fmt.Sprintf(`arch=c000003e syscall=59 success=yes exit=0 ppid=%d pid=%d auid=4294967295 uid=%d gid=%d tty=(none) ses=%d comm=%q exe=%q key="exec" ARCH=x86_64 SYSCALL=execve UID=%q`,
		sc.pid(), sc.pid(), uid, uid, sc.r.IntN(900), comm, exe, account)
}

func fileAudited(sc *scene, s *site, at time.Time) Event {
	name := pick(sc.r, []string{"/etc/sudoers", "/etc/cron.d/sysstat", "/etc/passwd", "/etc/ssh/sshd_config", "/etc/ld.so.cache", "/root/.ssh/known_hosts"})
	return s.audited(sc, at, pick(sc.r, s.linux), "PATH", pathRecord(sc, name, "NORMAL"))
}

func pathRecord(sc *scene, name, kind string) string {
	return fmt.Sprintf(`item=0 name=%q inode=%d dev=fd:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=%s`, name, 100000+sc.r.IntN(900000), kind)
}
