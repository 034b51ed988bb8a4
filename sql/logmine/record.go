package logmine

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"redoubt/flashback/redolog"
	"redoubt/wal/redo"
)

// Record is a committed transaction just as it is in the log: tables and columns by their ids, and with it what is no change
// of a user's row. It needs no dictionary to be read.
type Record struct {
	SCN        uint64      `json:"scn"`
	Time       time.Time   `json:"time"`
	XID        uint64      `json:"xid,string"`
	StartSCN   uint64      `json:"start_scn"`
	User       string      `json:"user,omitempty"`
	Host       string      `json:"host,omitempty"`
	Program    string      `json:"program,omitempty"`
	Bytes      int         `json:"bytes"`
	Statements []Statement `json:"statements,omitempty"`
	Changes    []Changed   `json:"changes,omitempty"`
	Claims     []Claim     `json:"claims,omitempty"`
}

// Statement made changes of a Record; its text is there if it changed definitions.
type Statement struct {
	Digest   string `json:"digest"`
	StartSCN uint64 `json:"start_scn,omitempty"`
	Text     string `json:"text,omitempty"`
}

// Changed is one row that a Record changes.
type Changed struct {
	Table     uint32            `json:"table"`
	Operation string            `json:"operation"`
	Statement uint32            `json:"statement"`
	Key       string            `json:"key"`
	Replaced  uint64            `json:"replaced_scn,omitempty"`
	Identity  map[string]string `json:"identity,omitempty"` // by column id
	Before    map[string]string `json:"before,omitempty"`
	After     map[string]string `json:"after,omitempty"`
}

// Claim is what a Record relied on.
type Claim struct {
	Space uint32 `json:"space"`
	Mode  string `json:"mode"`
	Since uint64 `json:"since_scn"`
	Low   string `json:"low,omitempty"`
	High  string `json:"high,omitempty"`
}

// RecordOf decodes a record of the log.
func RecordOf(r *redolog.Record) (*Record, error) {
	t, err := r.Decode()
	if err != nil {
		return nil, err
	}
	out := &Record{
		SCN: uint64(r.SCN), Time: time.UnixMicro(r.TimeMicros).UTC(), XID: t.XID, StartSCN: uint64(t.ReadSCN),
		User: t.User, Host: t.Host, Program: t.Program, Bytes: len(r.Body),
	}
	for _, s := range t.Statements {
		out.Statements = append(out.Statements, Statement{fmt.Sprintf("%016x", s.Digest), uint64(s.ReadSCN), s.Text})
	}
	for i := range t.Changes {
		c := &t.Changes[i]
		out.Changes = append(out.Changes, Changed{
			Table: uint32(c.Table), Operation: c.Op.String(), Statement: c.Statement, Key: hex.EncodeToString(c.Key),
			Replaced: uint64(c.Replaced), Identity: byID(c.Identity), Before: byID(c.Before), After: byID(c.After),
		})
	}
	modes := map[redo.ClaimMode]string{redo.KeyShare: "key share", redo.Share: "share", redo.Exclusive: "exclusive"}
	for _, c := range t.Claims {
		out.Claims = append(out.Claims, Claim{uint32(c.Space), modes[c.Mode], uint64(c.Since), hex.EncodeToString(c.Low), hex.EncodeToString(c.High)})
	}
	return out, nil
}

func byID(row redo.Row) map[string]string {
	if row == nil {
		return nil
	}
	m := make(map[string]string, len(row))
	for _, c := range row {
		m[strconv.FormatUint(uint64(c.ID), 10)] = c.Value.String()
	}
	return m
}

// JSON is the record as one line.
func (r *Record) JSON() ([]byte, error) { return line(r) }

func line(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
