package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// Change is what a directory tells while it is watched.
type Change struct {
	Changed bool            // somebody came or was changed: ask from the mark
	Touched []string        // ids of who was changed or is gone: ask how they are, and whether they are there
	Present map[string]bool // where not nil: the ids of all there are
	All     bool            // more may have happened than is told: compare all
	Ready   bool            // from here on every change is told
	Blind   bool            // but for who is deleted: that is seen when all are compared
}

// Cookie is up to where a directory has told its changes. It outlives the line;
// only the server understands it (RFC 4533 §2.1.2).
type Cookie []byte

// ErrUnwatchable is why a directory can't be watched, and must be asked.
var ErrUnwatchable = errors.New("the directory can't be watched")

func unwatchable(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnwatchable}, args...)...)
}

// ErrStartAnew is why the cookie counts no longer: the watch begins again at
// once, without.
var ErrStartAnew = errors.New("the directory knows the cookie no longer")

// Watch has changes told until the line breaks or the context ends; it returns
// why. tell is called in the order of the changes and must not wait, since
// answers to questions come over the same line.
func (s *Session) Watch(ctx context.Context, cookie *Cookie, tell func(Change)) error {
	switch {
	case presets[s.c.Preset].mark == "uSNChanged" && s.supports(goldap.ControlTypeMicrosoftNotification):
		return s.notified(ctx, tell)
	case presets[s.c.Preset].mark != "uSNChanged" && s.supports(goldap.ControlTypeSyncRequest):
		return s.synchronised(ctx, cookie, tell)
	}
	return unwatchable("no such control in supportedControl")
}

// ended is why a search that should go on for ever did not.
func (s *Session) ended(ctx context.Context, answer goldap.Response) error {
	switch err := answer.Err(); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil && s.conn.IsClosing():
		return fmt.Errorf("ldap %s: watch: %w", s.c.Name, errClosed)
	case err == nil:
		return fmt.Errorf("ldap %s: watch: the directory has ended it", s.c.Name)
	case goldap.IsErrorAnyOf(err, goldap.LDAPResultUnavailableCriticalExtension, goldap.LDAPResultSizeLimitExceeded, goldap.LDAPResultAdminLimitExceeded,
		goldap.LDAPResultInsufficientAccessRights, goldap.LDAPResultUnwillingToPerform):
		return unwatchable("%w", err)
	default:
		return fmt.Errorf("ldap %s: watch: %w", s.c.Name, err)
	}
}

// synchronised is content synchronisation in the mode refreshAndPersist (RFC
// 4533 §3.4), for ids alone.
func (s *Session) synchronised(ctx context.Context, cookie *Cookie, tell func(Change)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := refresh{fresh: len(*cookie) == 0, named: strings.EqualFold(s.c.attribute("id"), "entryUUID"), present: map[string]bool{}}
	request := goldap.NewSearchRequest(s.c.Base, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false, s.c.Filter, []string{"1.1"}, nil)
	answer := s.conn.Syncrepl(ctx, request, 256, goldap.SyncRequestModeRefreshAndPersist, *cookie, false)
	for answer.Next() {
		for _, control := range answer.Controls() {
			change, next := r.read(control)
			if len(next) > 0 {
				*cookie = next
			}
			tell(change)
		}
	}
	var refused *goldap.Error
	switch err := answer.Err(); {
	case goldap.IsErrorWithCode(err, goldap.LDAPResultSyncRefreshRequired): // §2.6
		*cookie = nil
		tell(Change{All: true})
		return fmt.Errorf("ldap %s: %w: %w", s.c.Name, ErrStartAnew, err)
	case !r.fresh && !r.done && errors.As(err, &refused) && refused.ResultCode < goldap.ErrorNetwork:
		*cookie = nil
		return fmt.Errorf("ldap %s: %w: %w", s.c.Name, ErrStartAnew, err)
	}
	return s.ended(ctx, answer)
}

// refresh is how far the first stage has come, in which the server tells what
// has changed since the cookie (RFC 4533 §3.4.1).
type refresh struct {
	fresh   bool // there was no cookie: all there are come
	named   bool // people go by the identifier of the protocol, entryUUID
	done    bool
	present map[string]bool
}

// read is what a control says, and the cookie it brings.
func (r *refresh) read(control goldap.Control) (change Change, next Cookie) {
	switch v := control.(type) {
	case *goldap.ControlSyncState: // §2.3, with each entry
		next = v.Cookie
		id := v.EntryUUID.String()
		if v.State == goldap.SyncStateDelete {
			return r.gone(id), next
		}
		if !r.done {
			r.present[id] = true
		}
		if v.State == goldap.SyncStatePresent || r.fresh && !r.done {
			return change, next
		}
		// By its id as well: the server stamps a change when it begins, so one that
		// was finished late may lie before the mark.
		if change.Changed = true; r.named {
			change.Touched = []string{id}
		}
	case *goldap.ControlSyncInfo: // §2.5, between entries
		switch {
		case v.NewCookie != nil:
			next = v.NewCookie.Cookie
		case v.SyncIdSet != nil:
			next = v.SyncIdSet.Cookie
			ids := make([]string, 0, len(v.SyncIdSet.SyncUUIDs))
			for _, id := range v.SyncIdSet.SyncUUIDs {
				ids = append(ids, id.String())
			}
			if v.SyncIdSet.RefreshDeletes {
				return r.gone(ids...), next
			}
			for _, id := range ids {
				r.present[id] = true
			}
		case v.RefreshPresent != nil: // who was not named is gone
			change = r.all()
			change.Ready, r.done, next = v.RefreshPresent.RefreshDone, v.RefreshPresent.RefreshDone, v.RefreshPresent.Cookie
		case v.RefreshDelete != nil:
			if r.fresh && !r.done {
				change = r.all()
			}
			change.Ready, r.done, next = v.RefreshDelete.RefreshDone, v.RefreshDelete.RefreshDone, v.RefreshDelete.Cookie
		}
	}
	return change, next
}

func (r *refresh) gone(ids ...string) Change {
	if !r.named {
		return Change{All: true}
	}
	return Change{Changed: true, Touched: ids}
}

func (r *refresh) all() Change {
	present := r.present
	r.present = map[string]bool{}
	switch {
	case r.named:
		return Change{Changed: true, Present: present}
	case r.fresh: // as after a pause: what was deleted is seen when all are compared
		return Change{Changed: true}
	}
	return Change{All: true}
}

// notified is the change notification of Active Directory ([MS-ADTS]
// 3.1.1.3.4.1.9). The server takes one filter alone, which every object fits,
// and tells of each object in the scope that was changed in any way. The scope
// is the naming context, in which every server takes a subtree: only there one
// sees who is moved out of the base, or deleted and thereby moved to the
// container of deleted objects.
func (s *Session) notified(ctx context.Context, tell func(Change)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	base, err := goldap.ParseDN(s.c.Base)
	if err != nil {
		return err
	}
	within := func(dn string) bool {
		d, err := goldap.ParseDN(dn)
		return err == nil && (base.EqualFold(d) || base.AncestorOfFold(d))
	}
	id := s.c.attribute("id")
	root := s.context(base)
	request := goldap.NewSearchRequest(root, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{id, "isDeleted", "objectClass"},
		[]goldap.Control{goldap.NewControlMicrosoftNotification(), goldap.NewControlMicrosoftShowDeleted()})
	answer := s.conn.SearchAsync(ctx, request, 256)
	// The server does not say that it has begun; it has when it answers what was
	// asked after.
	go func() {
		if err := s.Ping(ctx); err == nil {
			tell(Change{Ready: true, Changed: true, Blind: !s.seesDeleted(ctx, root)})
		}
	}()
	for answer.Next() {
		e := answer.Entry()
		if e == nil {
			continue
		}
		who := s.c.id(e)
		deleted := strings.EqualFold(e.GetEqualFoldAttributeValue("isDeleted"), "true")
		switch {
		case deleted && who == "", branch(e):
			tell(Change{All: true})
		case who != "":
			tell(Change{Changed: !deleted && within(e.DN), Touched: []string{who}})
		default:
			tell(Change{Changed: within(e.DN)})
		}
	}
	return s.ended(ctx, answer)
}

// seesDeleted tells whether the reader may read the container to which objects
// go that are deleted: only then the server tells him of them.
func (s *Session) seesDeleted(ctx context.Context, root string) bool {
	found, err := s.search(ctx, goldap.NewSearchRequest("CN=Deleted Objects,"+root, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, int(s.c.Timeout.Seconds()), false, "(objectClass=*)", []string{"isDeleted"},
		[]goldap.Control{goldap.NewControlMicrosoftShowDeleted()}))
	return err == nil && len(found) == 1 && found[0].GetEqualFoldAttributeValue("isDeleted") != ""
}

// context is the naming context in which the base lies.
func (s *Session) context(base *goldap.DN) string {
	longest := s.c.Base
	found := -1
	for _, name := range s.root.GetAttributeValues("namingContexts") {
		d, err := goldap.ParseDN(name)
		if err == nil && (d.EqualFold(base) || d.AncestorOfFold(base)) && len(d.RDNs) > found {
			longest, found = name, len(d.RDNs)
		}
	}
	return longest
}

// branch tells whether people stand below an entry: where it is moved they are,
// of which nothing is told.
func branch(e *goldap.Entry) bool {
	for _, class := range e.GetEqualFoldAttributeValues("objectClass") {
		if strings.EqualFold(class, "organizationalUnit") || strings.EqualFold(class, "container") {
			return true
		}
	}
	return false
}
