package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"redoubt/backup/store"
	"redoubt/scn"
)

// readManifests reads the manifests, at every level: they are small, and say what else must be there.
func (v *verifying) readManifests(ctx context.Context) error {
	for name := range v.objects {
		if !strings.HasPrefix(name, manifestsFolder) || !strings.HasSuffix(name, manifestSuffix) {
			continue
		}
		if err := v.readManifest(ctx, name); err != nil {
			return err
		}
	}
	sortManifests(v.result.Manifests)
	v.result.Backups = len(v.result.Manifests)
	for name := range v.reads.Objects {
		if _, there := v.objects[name]; !there && strings.HasPrefix(name, manifestsFolder) {
			d := manifestDamage(name)
			d.Kind, d.Detail = Missing, fmt.Sprintf("it was there at the verification of %s", v.reads.Objects[name].At.Format("2006-01-02 15:04:05"))
			v.damage(d)
		}
	}
	v.verifyBases()
	return nil
}

func (v *verifying) readManifest(ctx context.Context, name string) error {
	b, err := store.Read(ctx, v.Store, name, manifestBytesMax)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d := manifestDamage(name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil // deleted meanwhile
	case err != nil:
		d.Kind, d.Detail = unreadable(err), err.Error()
	default:
		m, err := decode(b, name)
		v.wasRead(name, int64(len(b)), err == nil)
		if err == nil {
			v.result.Manifests = append(v.result.Manifests, *m)
			return nil
		}
		d.Kind, d.Detail = kindOfManifest(b, err), err.Error()
	}
	v.damage(d)
	return nil
}

func kindOfManifest(b []byte, err error) DamageKind {
	switch {
	case errors.Is(err, errOtherManifest):
		return OtherContent
	case errors.Is(err, errManifestSum):
		return Mismatch
	case !bytes.HasSuffix(b, []byte("}\n")) && bytes.HasPrefix([]byte("{\n  \"format\": "), b[:min(len(b), 14)]):
		return Torn
	case !bytes.HasPrefix(b, []byte("{\n  \"format\": ")), errors.Is(err, errManifestFormat):
		return BadHeader
	}
	return BadData
}

// manifestSCN is what the name of a manifest says of it.
var manifestSCN = regexp.MustCompile(`/(\d{8}T\d{6}-\d+-(\d+)(?:-\d+)?)\.json$`)

// manifestDamage is that of a manifest, with what its name says.
func manifestDamage(name string) Damage {
	d := Damage{Object: name, Offset: -1, Block: -1}
	if m := manifestSCN.FindStringSubmatch(name); m != nil {
		at, _ := strconv.ParseUint(m[2], 10, 64)
		d.First, d.Last, d.Backups = scn.SCN(at), scn.SCN(at), []string{m[1]}
	}
	return d
}

// verifyBases tells of bases that are not there though a backup without a state of its own is relative to them.
func (v *verifying) verifyBases() {
	known := map[string]bool{}
	for i := range v.result.Manifests {
		known[v.result.Manifests[i].ID] = true
	}
	for i := range v.result.Manifests {
		m := &v.result.Manifests[i]
		base := Manifest{ID: m.Base}
		_, there := v.objects[base.Object()]
		_, told := v.reads.Objects[base.Object()]
		if m.HasState() || known[m.Base] || there || told {
			continue // or it was told that it is damaged
		}
		d := manifestDamage(base.Object())
		d.Kind, d.Detail = Missing, "a recovery to backup "+m.ID+" must begin at an older state"
		v.damage(d)
	}
}
