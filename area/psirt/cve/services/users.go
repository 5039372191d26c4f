package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"yagura/kernel/config"
)

// User is one of the organisation's at the service.
type User struct {
	Name      string `json:"username"`
	UUID      string `json:"UUID"`
	Active    bool   `json:"active"`
	Authority struct {
		Roles []string `json:"active_roles"`
	} `json:"authority"`
	Person struct {
		First string `json:"first"`
		Last  string `json:"last"`
	} `json:"name"`
}

// Organisation is what the service knows of the CNA.
type Organisation struct {
	UUID      string `json:"UUID"`
	ShortName string `json:"short_name"`
	Name      string `json:"name"`
}

// Organisation asks for the client's own; its UUID stands in records.
func (c *Client) Organisation(ctx context.Context) (o Organisation, err error) {
	return o, c.repeat(ctx, "GET", "/org/"+c.org, nil, nil, &o)
}

// Users lists those of the organisation.
func (c *Client) Users(ctx context.Context) (all []User, err error) {
	return all, c.pages(ctx, "/org/"+c.org+"/users", url.Values{}, func(raw json.RawMessage) error {
		var page struct{ Users []User }
		err := json.Unmarshal(raw, &page)
		all = append(all, page.Users...)
		return err
	})
}

// ErrKeyLost says that a user was made and the answer with its key was lost.
var ErrKeyLost = errors.New("cve services: the user was made, and the answer with its key was lost: reset the key")

// userPath is where a user stands; a name that would lead elsewhere is refused.
func (c *Client) userPath(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "/?#\\") || strings.Trim(name, ".") == "" {
		return "", fmt.Errorf("cve services: %q is no name of a user", name)
	}
	return "/org/" + c.org + "/user/" + name, nil
}

// CreateUser makes a user and gives its key, which the service tells this once.
func (c *Client) CreateUser(ctx context.Context, name, first, last string, admin bool) (u User, key config.Secret, err error) {
	path, err := c.userPath(name)
	if err != nil {
		return u, key, err
	}
	u.Name, u.Person.First, u.Person.Last = name, first, last
	roles := []string{}
	if admin {
		roles = append(roles, "ADMIN")
	}
	body, err := json.Marshal(map[string]any{"username": name, "name": u.Person, "authority": map[string]any{"active_roles": roles}})
	if err != nil {
		return u, key, err
	}
	for i := range attempts {
		if i > 0 {
			if e := c.wait(ctx, i-1, err); e != nil {
				return u, key, errors.Join(err, e)
			}
		}
		var made struct {
			Created struct {
				User
				Secret string `json:"secret"`
			}
		}
		err = c.once(ctx, "POST", "/org/"+c.org+"/user", nil, body, &made)
		switch {
		case err == nil:
			return made.Created.User, config.NewSecret(made.Created.Secret), nil
		case early(err):
			continue
		case !again(err):
			return u, key, err
		}
		if e := c.repeat(ctx, "GET", path, nil, nil, &u); e == nil {
			return u, key, ErrKeyLost
		} else if !Refused(e, "USER_DNE") {
			return u, key, errors.Join(err, e)
		}
	}
	return u, key, err
}

// SetActive lets a user in, or no more.
func (c *Client) SetActive(ctx context.Context, name string, active bool) error {
	path, err := c.userPath(name)
	if err != nil {
		return err
	}
	return c.repeat(ctx, "PUT", path, url.Values{"active": {strconv.FormatBool(active)}}, nil, nil)
}

// ResetKey gives a user a new key; the old one is void. Where an answer is lost
// the next key counts, so this may be repeated.
func (c *Client) ResetKey(ctx context.Context, name string) (config.Secret, error) {
	var answer struct {
		Key string `json:"API-secret"`
	}
	path, err := c.userPath(name)
	if err != nil {
		return config.Secret{}, err
	}
	if err := c.repeat(ctx, "PUT", path+"/reset_secret", nil, nil, &answer); err != nil {
		return config.Secret{}, err
	}
	if answer.Key == "" {
		return config.Secret{}, fmt.Errorf("cve services: the answer for %s holds no key", name)
	}
	return config.NewSecret(answer.Key), nil
}
