package offline

import (
	"errors"
	"io/fs"
	"os"

	"yagura/kernel/fault"
	"yagura/kernel/file"
	"yagura/kernel/text"
)

// save writes a paper whole or not at all: beside its place first, then by name. A
// file that is there is replaced only where that is asked for.
func save(name string, data []byte, replace bool) error {
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		return fault.Invalidf("%s is a folder", name)
	}
	if !replace && (err != nil || info.Mode().IsRegular()) {
		err := file.Add(name, 0o644, file.Bytes(data))
		if errors.Is(err, fs.ErrExist) {
			return fault.Conflict("%s is there already: choose another name, or give --replace", name)
		}
		return unwritten(name, err)
	}
	return unwritten(name, file.Replace(name, 0o644, file.Bytes(data)))
}

// unwritten says in one sentence that a file could not be written, and why.
func unwritten(name string, err error) error {
	if err == nil {
		return nil
	}
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return fault.Invalidf("%s can't be written: %s", name, text.Foreign(err.Error()))
}
