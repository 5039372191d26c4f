package app

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"yagura/area/psirt/cve/simulator"
	"yagura/kernel/clock"
	"yagura/kernel/id"
)

// rehearsal lets the demo's PSIRT publish for itself alone: a simulator stands for
// CVE Services until the context ends, and the public site lies in the demo's
// folder. It returns the settings for both.
func rehearsal(ctx context.Context, folder string, clk clock.Clock) ([]string, error) {
	const org, name, user = "kirishio", "Kirishio Group", "psirt@kirishio.example"
	key := id.Token()
	s, err := simulator.New(simulator.Options{Clock: clk})
	if err == nil {
		err = s.Admit(org, user, key, 1000)
	}
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	context.AfterFunc(ctx, func() { server.Close() })
	go server.Serve(l)
	// What the PSIRT published in the past it signed with a key of that time.
	keys := filepath.Join(folder, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return nil, err
	}
	if _, err := signingKey(filepath.Join(keys, signingKeyFile), name, user, clk.Now().AddDate(-1, 0, 0)); err != nil {
		return nil, err
	}
	return []string{
		"YAGURA_CVE_URL=http://" + l.Addr().String() + "/api", "YAGURA_CVE_ORG=" + org, "YAGURA_CVE_USER=" + user, "YAGURA_CVE_KEY=" + key,
		"YAGURA_PSIRT_PUBLIC_FOLDER=" + filepath.Join(folder, "public-site"), "YAGURA_PSIRT_PUBLIC_URL=https://psirt.kirishio.example", "YAGURA_PSIRT_PUBLIC_LISTEN=127.0.0.1:0",
		"YAGURA_PSIRT_PUBLISHER_NAME=" + name, "YAGURA_PSIRT_PUBLISHER_NAMESPACE=https://www.kirishio.example",
		"YAGURA_PSIRT_PUBLISHER_CONTACT=" + user, "YAGURA_PSIRT_PUBLISHER_PREFIX=KSA",
	}, nil
}
