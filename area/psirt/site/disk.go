package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// disk is every change that a publication makes to the file system. Before each the
// hook is asked, where there is one: tests stop there, as a kill does.
type disk struct{ hook func(op, path string) error }

func (d disk) before(op, path string) error {
	if d.hook == nil {
		return nil
	}
	return d.hook(op, path)
}

func (d disk) mkdir(path string) error {
	if err := d.before("mkdir", path); err != nil {
		return err
	}
	return os.MkdirAll(path, 0o755)
}

// write writes a new file and syncs it.
func (d disk) write(path string, data []byte) error {
	if err := d.before("create", path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.before("write", path); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if d.hook == nil { // a test's kill is of the process, not of the machine
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return f.Close()
}

func (d disk) link(from, to string) error {
	if err := d.before("link", to); err != nil {
		return err
	}
	err := os.Link(from, to)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.EPERM) {
		data, err := os.ReadFile(from) // a file system without links
		if err != nil {
			return err
		}
		return d.write(to, data)
	}
	return err
}

func (d disk) rename(from, to string) error {
	if err := d.before("rename", to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func (d disk) symlink(target, path string) error {
	if err := d.before("symlink", path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

func (d disk) remove(path string) error {
	if err := d.before("remove", path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// sync makes the names in a folder durable.
func (d disk) sync(path string) error {
	if err := d.before("sync", path); err != nil {
		return err
	}
	if d.hook != nil {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// ErrBusy is the answer where another process publishes.
var ErrBusy = errors.New("another process is publishing to this folder")

// lock keeps two publications apart; a process that dies loses it.
func (s *Site) lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}

// full says what a full disk means here.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("the disk is full: nothing was published and the site is as it was: %w", err)
	}
	return fmt.Errorf("nothing was published and the site is as it was: %w", err)
}
