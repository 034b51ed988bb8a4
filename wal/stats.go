package wal

// Stats are counters since Open, and the present state of the log.
type Stats struct {
	FirstIndex, LastIndex uint64
	// LastBatch is the number of the last durable batch. It never goes back.
	LastBatch uint64
	// Files, Spares: log files, and files ready to be the next one.
	Files, Spares int
	// LogBytes is the length of all log files.
	LogBytes int64

	// Batches, Entries, PayloadBytes, FrameBytes: what Append and TruncateBack made
	// durable. FrameBytes counts frames with their headers.
	Batches, Entries, PayloadBytes, FrameBytes uint64
	// Rolls is how often a new tail was begun, SpareMisses how often that had to be a
	// file that was not written before.
	Rolls, SpareMisses uint64
	// FilesRecycled, FilesRemoved: what became of files that left the log.
	FilesRecycled, FilesRemoved uint64

	// ScannedBytes is what Open read of frames.
	ScannedBytes int64
	// TornBatch says that Open found part of a batch at the end that was never
	// acknowledged, and cut it.
	TornBatch bool
	// FootersRebuilt is how many damaged or missing footers were found again from the
	// frames.
	FootersRebuilt uint64
	// SparesMissing is how many spares Open could not make for lack of space.
	SparesMissing int
	// Failed says that a write or a sync failed.
	Failed bool
}

// Stats returns the counters.
func (l *Log) Stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := l.stats
	s.FirstIndex, s.LastIndex = l.firstLocked(), l.lastLocked()
	s.Files, s.Spares = len(l.files), len(l.spares)
	s.FootersRebuilt += l.footers.rebuilt.Load()
	for _, lf := range l.files {
		s.LogBytes += lf.header.fileBytes
		s.LastBatch = lf.lastBatch
	}
	return s
}

// FileInfo describes one file of the log.
type FileInfo struct {
	Path string
	Seq  uint64
	// FirstIndex and LastIndex are the live entries of the file, 0 if it has none.
	FirstIndex, LastIndex uint64
	// Bytes is the length of the file, UsedBytes how much of it frames take.
	Bytes, UsedBytes int64
	// KeyID is the key under which its payloads were encrypted by the caller.
	KeyID  uint32
	Sealed bool
}

// Files lists the files of the log in order.
func (l *Log) Files() []FileInfo {
	l.mu.RLock()
	defer l.mu.RUnlock()
	infos := make([]FileInfo, 0, len(l.files))
	for _, lf := range l.files {
		info := FileInfo{
			Path: lf.path, Seq: lf.seq, LastIndex: lf.lastLive, Bytes: lf.header.fileBytes,
			UsedBytes: lf.end, KeyID: lf.header.keyID, Sealed: lf.sealed,
		}
		if lf.lastLive > 0 {
			info.FirstIndex = lf.first
		}
		infos = append(infos, info)
	}
	return infos
}
