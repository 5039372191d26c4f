package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"

	"yagura/kernel/id"
)

// theOrg is the organisation in the path, of which the asker has to be one.
func (s *Service) theOrg(a asker, r *http.Request) (*org, *refusal) {
	short := r.PathValue("org")
	if !a.of(short) {
		return nil, no(403, "NOT_SAME_ORG_OR_SECRETARIAT", "This information can only be viewed by the users of the same organization or the Secretariat.")
	}
	o := s.org(short)
	if o == nil {
		return nil, no(404, "ORG_DNE_PARAM", fmt.Sprintf("The '%s' organization designated by the shortname parameter does not exist.", short))
	}
	return o, nil
}

func (s *Service) getOrg(a asker, r *http.Request) (any, *refusal) {
	o, refused := s.theOrg(a, r)
	if refused != nil {
		return nil, refused
	}
	return map[string]any{
		"UUID": o.UUID, "short_name": o.ShortName, "name": o.Name, "authority": map[string]any{"active_roles": o.Roles},
		"policies": map[string]int{"id_quota": o.Quota}, "time": map[string]string{"created": stamp(o.Created), "modified": stamp(o.Modified)},
	}, nil
}

func (s *Service) getQuota(a asker, r *http.Request) (any, *refusal) {
	o, refused := s.theOrg(a, r)
	if refused != nil {
		return nil, refused
	}
	return s.quota(o), nil
}

func userView(o *org, u *user) map[string]any {
	roles := u.Roles
	if roles == nil {
		roles = []string{}
	}
	return map[string]any{
		"username": u.Name, "org_UUID": o.UUID, "UUID": u.UUID, "active": u.Active, "name": map[string]string{"first": u.First, "last": u.Last},
		"authority": map[string]any{"active_roles": roles}, "time": map[string]string{"created": stamp(u.Created), "modified": stamp(u.Modified)},
	}
}

func (s *Service) listUsers(a asker, r *http.Request) (any, *refusal) {
	o, refused := s.theOrg(a, r)
	if refused != nil {
		return nil, refused
	}
	views := make([]any, len(o.Users))
	for i, u := range o.Users {
		views[i] = userView(o, u)
	}
	return page(r, "users", views)
}

// theUser is the one in the path, whom the asker may see.
func (s *Service) theUser(a asker, r *http.Request) (*org, *user, *refusal) {
	o, refused := s.theOrg(a, r)
	if refused != nil {
		return nil, nil, refused
	}
	u := o.user(r.PathValue("user"))
	if u == nil {
		return nil, nil, no(404, "USER_DNE", fmt.Sprintf("The user '%s' designated by the username parameter does not exist.", r.PathValue("user")))
	}
	return o, u, nil
}

func (s *Service) getUser(a asker, r *http.Request) (any, *refusal) {
	o, u, refused := s.theUser(a, r)
	if refused != nil {
		return nil, refused
	}
	return userView(o, u), nil
}

var userForm = regexp.MustCompile(`^[A-Za-z0-9\-_@.]{3,128}$`)

func (s *Service) createUser(a asker, r *http.Request) (any, *refusal) {
	o, refused := s.theOrg(a, r)
	if refused != nil {
		return nil, refused
	}
	if !a.admin() && !a.secretariat() {
		return nil, no(403, "NOT_ORG_ADMIN_OR_SECRETARIAT", "Users can only be created by the Secretariat or Org Admin.")
	}
	var in struct {
		Username  string
		Name      struct{ First, Last string }
		Authority struct {
			Roles []string `json:"active_roles"`
		}
	}
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	switch {
	case err != nil:
		return nil, no(400, "INVALID_JSON_SYNTAX", err.Error())
	case !userForm.MatchString(in.Username):
		return nil, badInput(parameter{"Invalid value", "username", "body"})
	case slices.ContainsFunc(in.Authority.Roles, func(role string) bool { return role != "ADMIN" }):
		return nil, badInput(parameter{"Invalid role. Valid roles are: ADMIN", "authority.active_roles", "body"})
	case o.user(in.Username) != nil:
		return nil, no(400, "USER_EXISTS", fmt.Sprintf("The user '%s' already exists.", in.Username))
	}
	key, now := id.Token(), s.now()
	u := &user{UUID: uuid(), Name: in.Username, First: in.Name.First, Last: in.Name.Last, Roles: in.Authority.Roles, Active: true, Key: id.Digest(key), Created: now, Modified: now}
	o.Users = append(o.Users, u)
	v := userView(o, u)
	v["secret"] = key
	return map[string]any{"message": u.Name + " was successfully created.", "created": v}, nil
}

func (s *Service) updateUser(a asker, r *http.Request) (any, *refusal) {
	o, u, refused := s.theUser(a, r)
	if refused != nil {
		return nil, refused
	}
	q := r.URL.Query()
	for name := range q {
		mine := name == "name.first" || name == "name.last"
		switch {
		case mine && a.user == u, a.admin(), a.secretariat():
		case mine:
			return nil, no(403, "NOT_SAME_USER_OR_SECRETARIAT", "This information can only be viewed or modified by the Secretariat, an Org Admin or if the requester is the user.")
		default:
			return nil, no(403, "NOT_ORG_ADMIN_OR_SECRETARIAT_UPDATE", "Contact your org Admin to update fields other than your name.")
		}
	}
	switch q.Get("active") {
	case "true", "false", "":
	default:
		return nil, badInput(parameter{"Invalid value", "active", "query"})
	}
	for name, v := range q {
		switch name {
		case "name.first":
			u.First = v[0]
		case "name.last":
			u.Last = v[0]
		case "active":
			u.Active = v[0] == "true"
		case "active_roles.add":
			if v[0] == "ADMIN" && !slices.Contains(u.Roles, "ADMIN") {
				u.Roles = append(u.Roles, "ADMIN")
			}
		case "active_roles.remove":
			u.Roles = slices.DeleteFunc(u.Roles, func(role string) bool { return role == v[0] })
		}
	}
	u.Modified = s.now()
	return map[string]any{"message": u.Name + " was successfully updated.", "updated": userView(o, u)}, nil
}

func (s *Service) resetSecret(a asker, r *http.Request) (any, *refusal) {
	_, u, refused := s.theUser(a, r)
	if refused != nil {
		return nil, refused
	}
	if a.user != u && !a.admin() && !a.secretariat() {
		return nil, no(403, "NOT_SAME_USER_OR_SECRETARIAT", "This information can only be viewed or modified by the Secretariat, an Org Admin or if the requester is the user.")
	}
	key := id.Token()
	u.Key, u.Modified = id.Digest(key), s.now()
	return map[string]string{"API-secret": key}, nil
}
