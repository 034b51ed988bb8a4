package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/rs/zerolog"

	"redoubt/replication"
	"redoubt/replication/cluster"
	"redoubt/segments"
	"redoubt/wal"
)

// peersFile, in the data directory, has the addresses of the other nodes of the cluster. A node that cannot read its log asks them.
const peersFile = "peers.json"

// notePeers keeps who the others are.
func (n *Node) notePeers(addresses []string) {
	n.others.Store(len(addresses) > 0)
	b, err := json.Marshal(addresses)
	if err == nil {
		err = writeFileSync(filepath.Join(n.config.Data, peersFile), b)
	}
	if err != nil {
		n.logger.Warn().Err(err).Msg("note the other nodes")
	}
}

// readPeers gives who the others were; os.ErrNotExist if there were none.
func readPeers(data string) (addresses []string, err error) {
	b, err := os.ReadFile(filepath.Join(data, peersFile))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &addresses); err != nil {
		return nil, fmt.Errorf("%s: %w", peersFile, err)
	}
	return addresses, nil
}

// errFilesGone: the state names files that are not there.
var errFilesGone = errors.New("files of the state are gone")

// isDamage tells whether an error says that state, log or segments are not what was written there.
func isDamage(err error) bool {
	var log *wal.CorruptionError
	var segment *segments.CorruptionError
	if errors.As(err, &log) || errors.As(err, &segment) || pebble.IsCorruptionError(err) {
		return true
	}
	for _, damage := range []error{errFilesGone, replication.ErrCorrupt, replication.ErrLogLost, replication.ErrLogGap, replication.ErrForeignState} {
		if errors.Is(err, damage) {
			return true
		}
	}
	return false
}

// mayCopy makes a damaged node of a cluster take a copy of another one when it is opened next; false if it has no others. The error says
// what is damaged.
func mayCopy(config *Config, damage error, logger zerolog.Logger) (bool, error) {
	addresses, err := readPeers(config.Data)
	if errors.Is(err, os.ErrNotExist) {
		return false, damage
	}
	identity, idErr := readIdentity(config.Data)
	if err = errors.Join(err, idErr); err != nil || len(addresses) == 0 {
		return false, errors.Join(damage, err)
	}
	logger.Error().Err(damage).Strs("from", addresses).Msg("this node's files are damaged: they go to " + quarantineDir + ", and it takes a copy of another node")
	j := joining{Info: cluster.Info{ID: identity.NodeID, Ordinal: identity.Ordinal}, Peers: addresses, Quarantine: true}
	if err := j.write(config.Data); err != nil {
		return false, errors.Join(damage, err)
	}
	return true, fmt.Errorf("%w: %w", ErrNeedsCopy, damage)
}
