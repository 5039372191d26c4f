package site

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"yagura/kernel/text"
)

// File is a site's configuration as it stands in a YAML file, with the paths of what
// stands in files of its own. Paths are relative to the file.
type File struct {
	Config         `yaml:",inline"`
	Key            string               `yaml:"key"`             // armoured private OpenPGP key
	PassphraseFile string               `yaml:"passphrase_file"` // of the key
	PolicyFiles    map[text.Lang]string `yaml:"policy_files"`    // own text of the policy page, by language
}

// ParseConfig reads a configuration. An unknown setting is a mistake.
func ParseConfig(data []byte) (*File, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	var f File
	if err := d.Decode(&f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the configuration is empty")
		}
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	for lang := range f.PolicyFiles {
		if lang != text.EN && lang != text.JA {
			return nil, fmt.Errorf("policy_files: %q is neither en nor ja", lang)
		}
	}
	if f.Key == "" {
		return nil, errors.New("key: is missing; yagura csaf key makes one")
	}
	return &f, nil
}

// OpenFile opens the site in a folder with a configuration from a file.
func OpenFile(dir, name string, now time.Time) (*Site, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	beside := func(p string) ([]byte, error) {
		if !filepath.IsAbs(p) {
			p = filepath.Join(filepath.Dir(name), p)
		}
		return os.ReadFile(p)
	}
	for lang, p := range f.PolicyFiles {
		own, err := beside(p)
		if err != nil {
			return nil, err
		}
		if f.Policy == nil {
			f.Policy = map[text.Lang]string{}
		}
		f.Policy[lang] = string(own)
	}
	armoured, err := beside(f.Key)
	if err != nil {
		return nil, err
	}
	var passphrase []byte
	if f.PassphraseFile != "" {
		if passphrase, err = beside(f.PassphraseFile); err != nil {
			return nil, err
		}
	}
	signer, err := ReadKey(string(armoured), strings.TrimRight(string(passphrase), "\r\n"), now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Key, err)
	}
	return Open(dir, f.Config, signer)
}
