package oidc

import (
	"embed"
	"strings"

	"yagura/area/identity"
)

//go:embed proxies
var proxies embed.FS

// ProxySetup is how a proxy is set up before an application.
type ProxySetup struct {
	Name string // of the program
	Text string
}

// ProxySetups are the configurations of docs/applications.md for an application.
// application:8080 stands for where it runs.
func ProxySetups(issuer string, c identity.Client) (list []ProxySetup) {
	fill := strings.NewReplacer("{{issuer}}", issuer, "{{id}}", c.ID, "{{host}}", c.Host)
	for _, one := range []struct{ name, file string }{{"NGINX", "nginx.conf"}, {"Caddy", "caddy.conf"}, {"Traefik", "traefik.yaml"}} {
		raw, err := proxies.ReadFile("proxies/" + one.file)
		if err != nil {
			panic(err) // it is part of the program
		}
		list = append(list, ProxySetup{one.name, fill.Replace(string(raw))})
	}
	return list
}
