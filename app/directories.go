package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"yagura/app/demo"
	"yagura/area/identity"
	"yagura/area/identity/scim"
)

// directoryOfDemo is a company whose people a directory brings.
const directoryOfDemo = "sales-germany"

// directories connects the directory of a company of Europe, which speaks as a
// real one does: through the SCIM service.
func (f *founding) directories(ctx context.Context, _ demo.History) error {
	f.clock.Set(f.now.AddDate(0, -4, 0))
	key, secret, err := f.a.Identity.Connect(ctx, player, identity.Directory{Name: "Microsoft Entra ID (Germany)", Unit: directoryOfDemo, Leaving: identity.Disable, Until: f.clock.Now().AddDate(0, 11, 0)})
	if err != nil {
		return err
	}
	client := sender{f.a.Identity.Provisioning(f.a.log), secret}
	var members []string
	for _, s := range demo.Staff(f.seed) {
		if s.Unit != directoryOfDemo {
			continue
		}
		if _, err := client.send(ctx, "PATCH", "/Users/"+s.ID, patchOf("add", "userType", "Employee")); err != nil {
			return err
		}
		if members = append(members, s.ID); len(members) == 12 {
			break
		}
	}
	f.clock.Set(f.now.AddDate(0, -1, -6))
	hired, err := client.send(ctx, "POST", "/Users", map[string]any{"schemas": []string{scim.User.Core.ID}, "userName": "nadia.brunner@germany.kirishio.example", "externalId": "7c1f6a52",
		"displayName": "Nadia Brunner", "active": true, "preferredLanguage": "en", "emails": []any{map[string]any{"value": "nadia.brunner@germany.kirishio.example", "type": "work", "primary": true}}})
	if err != nil {
		return err
	}
	id, _ := hired["id"].(string)
	members = append(members, id)
	if len(members) > 2 {
		f.clock.Set(f.now.AddDate(0, 0, -9))
		if _, err := client.send(ctx, "PATCH", "/Users/"+members[1], patchOf("Replace", "active", "False")); err != nil {
			return err
		}
	}
	f.clock.Set(f.now.Add(-3 * time.Hour))
	for name, part := range map[string][]string{"SG-Service-Desk": members[len(members)/2:], "SG-Plant-Visitors": members[:3]} {
		var list []any
		for _, m := range part {
			list = append(list, map[string]any{"value": m})
		}
		g, err := client.send(ctx, "POST", "/Groups", map[string]any{"schemas": []string{scim.Group.Core.ID}, "displayName": name, "members": list})
		if err != nil {
			return err
		}
		if name == "SG-Service-Desk" {
			if err := f.a.Identity.Claim(ctx, player, g["id"].(string), "service-desk"); err != nil {
				return err
			}
		}
	}
	_, err = f.a.Identity.Directory(ctx, player, key)
	return err
}

func patchOf(op, path string, value any) any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{map[string]any{"op": op, "path": path, "value": value}}}
}

// sender speaks with a handler of this process.
type sender struct {
	handler http.Handler
	secret  string
}

func (s sender) send(ctx context.Context, method, path string, body any) (answer map[string]any, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, scim.Prefix+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/scim+json")
	r.Header.Set("Authorization", "Bearer "+s.secret)
	w := &kept{header: http.Header{}, code: http.StatusOK}
	s.handler.ServeHTTP(w, r)
	if w.code/100 != 2 {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, w.code, strings.TrimSpace(w.body.String()))
	}
	return answer, json.Unmarshal(w.body.Bytes(), &answer)
}

// kept is an answer that is kept.
type kept struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header            { return k.header }
func (k *kept) WriteHeader(code int)           { k.code = code }
func (k *kept) Write(part []byte) (int, error) { return k.body.Write(part) }
