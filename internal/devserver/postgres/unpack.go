package postgres

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// unpackLimit bounds what an archive may grow to; the real ones stay below 200 MB.
const unpackLimit = 1 << 30

// unpack writes a gzipped tar archive below dir, which must not exist, and makes
// the links listed in its pg-symlinks.json, which npm archives cannot hold. The
// operating system keeps every path below dir.
func unpack(tarball, dir string) error {
	file, err := os.Open(tarball)
	if err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("make folder for archive: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open folder for archive: %w", err)
	}
	defer root.Close()
	if err := unpackFiles(root, tar.NewReader(io.LimitReader(zipped, unpackLimit))); err != nil {
		return err
	}
	if err := makeLinks(root); err != nil {
		return err
	}
	return openToAll(root)
}

// openToAll lets the account Postgres runs as enter and read everything, however
// strict our umask is.
func openToAll(root *os.Root) error {
	err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir():
			return root.Chmod(name, 0o755)
		case info.Mode().IsRegular() && info.Mode().Perm()&0o100 != 0:
			return root.Chmod(name, 0o755)
		case info.Mode().IsRegular():
			return root.Chmod(name, 0o644)
		}
		return nil // a link
	})
	if err != nil {
		return fmt.Errorf("open the unpacked files to other accounts: %w", err)
	}
	return nil
}

func unpackFiles(root *os.Root, archive *tar.Reader) error {
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			continue // npm archives hold regular files only
		}
		if err := unpackFile(root, archive, header); err != nil {
			return fmt.Errorf("unpack %s: %w", header.Name, err)
		}
	}
}

func unpackFile(root *os.Root, content io.Reader, header *tar.Header) error {
	name := filepath.FromSlash(path.Clean(header.Name))
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if header.Mode&0o111 != 0 {
		mode = 0o755
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// link is one entry of pg-symlinks.json, in the words of that file: Source is
// the file that exists, Target the link to make.
type link struct {
	Source string `json:"source"`
	Target string `json:"target"`
}

func makeLinks(root *os.Root) error {
	text, err := root.ReadFile("package/native/pg-symlinks.json")
	if err != nil {
		return fmt.Errorf("read the list of links: %w", err)
	}
	var links []link
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read the list of links: %w", err)
	}
	for _, l := range links {
		if err := makeLink(root, l); err != nil {
			return fmt.Errorf("link %s to %s: %w", l.Target, l.Source, err)
		}
	}
	return nil
}

func makeLink(root *os.Root, l link) error {
	source, target := path.Join("package", l.Source), path.Join("package", l.Target)
	if !filepath.IsLocal(source) || !filepath.IsLocal(target) {
		return errors.New("it leads out of the package")
	}
	if _, err := root.Stat(source); err != nil {
		return err
	}
	relative, err := filepath.Rel(path.Dir(target), source)
	if err != nil {
		return err
	}
	return root.Symlink(relative, target)
}
