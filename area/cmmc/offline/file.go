package offline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"yagura/kernel/fault"
	"yagura/kernel/text"
)

// save writes a paper whole or not at all: beside its place first, then by name. A
// file that is there is replaced only where that is asked for.
func save(name string, data []byte, replace bool) error {
	info, err := os.Lstat(name)
	switch {
	case err == nil && info.IsDir():
		return fault.Invalidf("%s is a folder", name)
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		to, err := filepath.EvalSymlinks(name)
		if err != nil {
			return unwritten(name, err)
		}
		return save(to, data, replace)
	case err == nil && !info.Mode().IsRegular(): // a pipe or a device is no file to replace
		return unwritten(name, straight(name, data))
	case err == nil && !replace:
		return fault.Conflict("%s is there already: choose another name, or give --replace", name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return unwritten(name, err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".yagura-*")
	if err != nil {
		return unwritten(name, err)
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err != nil {
		return unwritten(name, err)
	}
	if !replace {
		// A link fails where the name was taken meanwhile; file systems without links
		// are told by the error.
		err := os.Link(f.Name(), name)
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return fault.Conflict("%s is there already: choose another name, or give --replace", name)
		}
	}
	return unwritten(name, os.Rename(f.Name(), name))
}

func straight(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// unwritten says in one sentence that a file could not be written, and why.
func unwritten(name string, err error) error {
	if err == nil {
		return nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fault.Invalidf("%s can't be written: %s", name, text.Foreign(err.Error()))
}
