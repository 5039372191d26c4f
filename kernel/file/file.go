// Package file writes files whole: whoever reads one, and a machine that lost its
// power in the middle, finds it as it was or as it is to be.
package file

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace puts what write writes in the place of a file, or where none was. A
// link is followed; what is no file, such as a pipe or /dev/stdout, is written to.
func Replace(path string, mode fs.FileMode, write func(io.Writer) error) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			info, err = os.Stat(path)
		}
		if err != nil {
			return err
		}
	}
	if err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	return place(path, mode, write, os.Rename)
}

// Add puts it where no file is; fs.ErrExist is the error where there is one, also
// one that came meanwhile.
func Add(path string, mode fs.FileMode, write func(io.Writer) error) error {
	return place(path, mode, write, func(from, to string) error {
		err := os.Link(from, to)
		if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// File systems of sticks and cards know no links: there two who come at the
		// same instant are not told apart.
		if _, there := os.Lstat(to); !errors.Is(there, fs.ErrNotExist) {
			return fs.ErrExist
		}
		return os.Rename(from, to)
	})
}

// Bytes writes what is there already.
func Bytes(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

func place(path string, mode fs.FileMode, write func(io.Writer) error, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".yagura-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := put(f.Name(), path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// SyncFolder makes the names in a folder durable. Systems that can't do it for
// folders do it with the file.
func SyncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
