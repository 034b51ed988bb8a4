package parser

import (
	"testing"
	"time"

	"redoubt/sql/sqlcode"
)

func TestRecoverForms(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	f.must(ctx, "set @where = 'file:///r', @x = 77, time_zone = '+02:00'")
	orders, then := TableName{Database: "shop", Table: "orders"}, TableName{Table: "then"}
	at := func(a AsOf) *Moment { return &Moment{At: a} }
	for text, want := range map[string]Recover{
		"recover table shop.orders to scn 12":                                          {Of: orders, Moment: at(AsOf{Kind: AtSCN, SCN: 12})},
		"RECOVER TABLE orders TO SCN 6 * 2 AS other.then":                              {Of: TableName{Table: "orders"}, Moment: at(AsOf{Kind: AtSCN, SCN: 12}), As: TableName{Database: "other", Table: "then"}},
		"recover table shop.orders to restore point nightly from @where":               {Of: orders, Moment: at(AsOf{Kind: AtName, Name: "nightly"}), Repository: "file:///r"},
		"recover table shop.orders to timestamp '2026-01-02 03:04:05' as then":         {Of: orders, Moment: at(AsOf{Kind: AtTime, Time: time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC)}), As: then},
		"recover table shop.orders to transaction @x preview":                          {Of: orders, XID: 77, Preview: true},
		"recover table shop.orders to before transaction 77":                           {Of: orders, XID: 77, Before: true},
		"recover table shop.orders to before statement 77 as then from @where":         {Of: orders, XID: 77, Before: true, As: then, Repository: "file:///r"},
		"recover table shop.orders to latest from 'file:///r' encrypt key '/k'":        {Of: orders, Repository: "file:///r", Key: "/k"},
		"recover schema shop to latest as old":                                         {Of: TableName{Database: "shop"}, As: TableName{Database: "old"}},
		"recover database shop to latest preview as old":                               {Of: TableName{Database: "shop"}, As: TableName{Database: "old"}, Preview: true},
		"explain recover schema shop to latest":                                        {Of: TableName{Database: "shop"}, Preview: true},
		"desc recover table `shop`.`orders` to scn 12 from concat('file://', '/r')":    {Of: orders, Moment: at(AsOf{Kind: AtSCN, SCN: 12}), Repository: "file:///r", Preview: true},
		"recover table shop.orders to latest encrypt key '/k' preview from 's3://b/p'": {Of: orders, Repository: "s3://b/p", Key: "/k", Preview: true},
	} {
		f.must(ctx, text)
		ran, ok := f.exec.last().(*Recover)
		if !ok {
			t.Errorf("%s ran %T", text, f.exec.last())
			continue
		}
		got := *ran
		got.xid, got.repository, got.key = "", "", ""
		if (got.Moment == nil) != (want.Moment == nil) || got.Moment != nil && got.Moment.At != want.Moment.At {
			t.Errorf("%s: goes to %v, want %v", text, got.Moment, want.Moment)
		}
		if got.Moment, want.Moment = nil, nil; got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	for _, text := range []string{
		"recover", "recover table t", "recover table t to", "recover table t to yesterday", "recover table t to scn", "recover schema s.t to latest", "recover table t, u to latest",
		"recover table t to latest as", "recover table t to latest as u as v", "recover table t to latest from 5", "recover table t to before scn 5", "recover table t to transaction 0",
		"recover table t to latest preview preview", "recover database to latest",
	} {
		_, _, err := f.run(ctx, text)
		if code, ok := sqlcode.Of(err); err == nil || ok && code.ID != sqlcode.IDSyntax && code.ID != sqlcode.IDCommandArgument {
			t.Errorf("%s: %v", text, err)
		}
	}
}
