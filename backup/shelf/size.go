package shelf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Size is what the files of a directory take.
type Size struct {
	Shared int64 // bytes of files that have another name elsewhere, and so take no room of their own
	Unique int64 // bytes of files that would go with the directory
}

// SizeOf measures a directory. A file that goes while it looks counts nothing.
func SizeOf(dir string) (s Size, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreAbsent(err)
		}
		info, err := d.Info()
		if err != nil {
			return ignoreAbsent(err)
		}
		if names(info) > 1 {
			s.Shared += info.Size()
		} else {
			s.Unique += info.Size()
		}
		return nil
	})
	return s, err
}

func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
