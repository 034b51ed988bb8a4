package acceptance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

// gormLog keeps statements that change the schema.
type gormLog struct {
	logger.Interface
	mu  sync.Mutex
	ddl []string
}

func (l *gormLog) LogMode(logger.LogLevel) logger.Interface { return l }

func (l *gormLog) Trace(_ context.Context, _ time.Time, statement func() (string, int64), _ error) {
	text, _ := statement()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, word := range []string{"CREATE", "ALTER", "DROP"} {
		if strings.HasPrefix(text, word) {
			l.ddl = append(l.ddl, text)
		}
	}
}

func (l *gormLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.ddl
	l.ddl = nil
	return out
}

// gormApp runs the application on one server and notes what it sees.
type gormApp struct {
	t      *testing.T
	server string
	db     *gorm.DB
	log    *gormLog
	said   []string
}

// TestGORM has GORM make and change a schema, and work with it, on Redoubt and on MariaDB.
func TestGORM(t *testing.T) {
	s, peer := startServer(t), startMariaDB(t)
	got, want := runGORM(t, "redoubt", s.mysql), runGORM(t, "mariadb", peer.address)
	differs := []allowed{
		{"the second migration changes", "MariaDB has no type JSON, and so GORM changes its column each time"},
		{"column settings", "JSON is a type of its own, as in MySQL"},
	}
	for _, problem := range (app{"GORM", nil, differs}).differences(want, got) {
		t.Error(problem)
	}
	if !slices.Contains(got, "the second migration changes []") {
		t.Errorf("GORM finds the schema that it made otherwise than it made it: %q", got[1])
	}
}

func runGORM(t *testing.T, server, address string) []string {
	t.Helper()
	mustExec(t, open(t, address, ""), "SET GLOBAL innodb_lock_wait_timeout = 2", "CREATE DATABASE gormapp CHARACTER SET utf8mb4")
	a := &gormApp{t: t, server: server, log: &gormLog{Interface: logger.Discard}}
	dsn := config(address, "gormapp")
	dsn.ParseTime = true
	var err error
	if a.db, err = gorm.Open(gormmysql.Open(dsn.FormatDSN()), &gorm.Config{Logger: a.log}); err != nil {
		t.Fatal(err)
	}
	pool, err := a.db.DB()
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, part := range []func(){a.migrate, a.create, a.associations, a.queries, a.changes, a.upserts, a.softDelete, a.transactions, a.locks, a.alter} {
		part()
	}
	return a.said
}

func (a *gormApp) say(what string, values ...any) {
	a.said = append(a.said, strings.TrimSpace(fmt.Sprintln(append([]any{what}, values...)...)))
}

// must fails the test with what was to be done.
func (a *gormApp) must(what string, tx *gorm.DB) *gorm.DB {
	a.t.Helper()
	if tx.Error != nil {
		a.t.Fatalf("%s at %s: %v", what, a.server, tx.Error)
	}
	return tx
}

func (a *gormApp) check(what string, err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatalf("%s at %s: %v", what, a.server, err)
	}
}

func (a *gormApp) migrate() {
	a.check("migrate", a.db.AutoMigrate(gormModels...))
	a.say("statements of the first migration", len(a.log.take()))
	a.check("migrate again", a.db.AutoMigrate(gormModels...))
	a.say("the second migration changes", a.log.take())
	tables, err := a.db.Migrator().GetTables()
	a.check("tables", err)
	slices.Sort(tables)
	a.say("tables", tables)
	for _, model := range gormModels {
		types, err := a.db.Migrator().ColumnTypes(model)
		a.check("column types", err)
		for _, c := range types {
			nullable, _ := c.Nullable()
			key, _ := c.PrimaryKey()
			auto, _ := c.AutoIncrement()
			length, hasLength := c.Length()
			comment, _ := c.Comment()
			a.say("column", c.Name(), c.DatabaseTypeName(), nullable, key, auto, hasLength && length > 0 && length < 1<<16, comment)
		}
		indexes, err := a.db.Migrator().GetIndexes(model)
		a.check("indexes", err)
		var names []string
		for _, i := range indexes {
			unique, _ := i.Unique()
			names = append(names, fmt.Sprint(i.Table(), i.Name(), i.Columns(), unique))
		}
		slices.Sort(names)
		a.say("indexes", names)
	}
	m := a.db.Migrator()
	a.say("has", m.HasTable("users"), m.HasTable("nothing"), m.HasColumn(&gormUser{}, "Email"), m.HasColumn(&gormUser{}, "nothing"),
		m.HasIndex(&gormOrder{}, "by_user_state"), m.HasConstraint(&gormUser{}, "Orders"))
}

func (a *gormApp) create() {
	born := time.Date(1980, 2, 29, 0, 0, 0, 0, time.UTC)
	email := "ann@example.org"
	ann := gormUser{
		Name: "Ann 🚀", Email: &email, Age: 44, Born: &born, Rating: 0.1, Settings: map[string]any{"a": []any{1.0, nil, "x"}},
		Profile: &gormProfile{Text: "it's \"me\"", Photo: []byte{0, 255, 10}}, Languages: []gormLanguage{{"de", "Deutsch"}, {"en", "English"}},
		Orders: []gormOrder{{Total: "10.50", Lines: []gormOrderLine{{Number: 1, Item: "pen", Count: 2}, {Number: 2, Item: "ink", Count: 1}}}, {State: "paid", Total: "0"}},
	}
	a.must("create", a.db.Create(&ann))
	a.say("created", ann.ID, ann.Profile.ID, ann.Orders[0].ID, ann.Orders[1].ID, ann.Active)
	var many []gormUser
	for i := range 30 {
		many = append(many, gormUser{Name: fmt.Sprintf("user %02d", i), Rating: float64(i) / 4, ManagerID: &ann.ID})
	}
	a.say("batches", a.must("create", a.db.CreateInBatches(&many, 7)).RowsAffected, many[0].ID, many[29].ID, many[3].Age)
	err := a.db.Create(&gormUser{Name: "user 05"}).Error
	a.say("duplicate", number(err))
	a.say("check", number(a.db.Exec("INSERT INTO users (name, age, active) VALUES ('young', 0, 1)").Error) != 0)
	a.say("no parent", number(a.db.Create(&gormOrder{UserID: 9999, Total: "1"}).Error))
}

func (a *gormApp) associations() {
	var u gormUser
	a.must("preload", a.db.Preload("Orders.Lines").Preload("Profile").Preload("Languages", func(tx *gorm.DB) *gorm.DB { return tx.Order("code DESC") }).First(&u, 1))
	a.say("user", u.Name, *u.Email, u.Age, u.Born.Format(time.DateOnly), u.Active, u.Rating, u.Settings, u.Profile.Text, u.Profile.Photo, u.Languages)
	for _, o := range u.Orders {
		a.say("order", o.ID, o.State, o.Total, o.Lines)
	}
	var report gormUser
	a.must("joins", a.db.Joins("Manager").Where("users.name = ?", "user 07").Take(&report))
	a.say("manager", report.Manager.Name)
	languages := func() *gorm.Association { return a.db.Model(&u).Association("Languages") }
	a.check("append", languages().Append(&gormLanguage{"fr", "Français"}))
	a.check("delete", languages().Delete(&gormLanguage{Code: "de"}))
	a.say("languages", languages().Count())
	a.check("replace", languages().Replace([]gormLanguage{{Code: "en"}, {Code: "it", Name: "Italiano"}}))
	var codes []string
	a.must("codes", a.db.Table("speaks").Order("gorm_language_code").Pluck("gorm_language_code", &codes))
	a.say("codes", codes)
}

func (a *gormApp) queries() {
	var names []string
	a.must("page", a.db.Model(&gormUser{}).Order("name DESC").Limit(3).Offset(4).Pluck("name", &names))
	a.say("page", names)
	var count int64
	a.must("count", a.db.Model(&gormUser{}).Where("rating BETWEEN ? AND ?", 1, 2).Or("name IN ?", []string{"user 20", "nobody"}).Not("age = ?", 1).Count(&count))
	a.say("count", count)
	var groups []struct {
		Active bool
		N      int64
		Mean   float64
		Most   float64
	}
	a.must("group", a.db.Model(&gormUser{}).Select("active, COUNT(*) AS n, AVG(rating) AS mean, MAX(rating) AS most").Group("active").Having("COUNT(*) > ?", 3).Scan(&groups))
	a.say("groups", groups)
	above := a.db.Model(&gormUser{}).Select("AVG(rating)")
	a.must("subquery", a.db.Model(&gormUser{}).Where("rating > (?)", above).Count(&count))
	a.say("above the mean", count)
	var rows []map[string]any
	a.must("raw", a.db.Raw("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < @most) SELECT i, i * @by AS times FROM n ORDER BY i DESC LIMIT 2",
		map[string]any{"most": 5, "by": 3}).Scan(&rows))
	a.say("raw", rows)
	var seen int
	var batch []gormUser
	a.must("batches", a.db.Where("rating > ?", 1).FindInBatches(&batch, 10, func(*gorm.DB, int) error { seen += len(batch); return nil }))
	a.say("in batches", seen)
	a.say("not found", errors.Is(a.db.First(&gormUser{}, "name = ?", "nobody").Error, gorm.ErrRecordNotFound))
	var u gormUser
	a.must("first or create", a.db.Where(gormUser{Name: "new one"}).Attrs(gormUser{Age: 33}).FirstOrCreate(&u))
	a.must("first or create", a.db.Where(gormUser{Name: "new one"}).Attrs(gormUser{Age: 34}).FirstOrCreate(&u))
	a.say("first or create", u.Age)
}

func (a *gormApp) changes() {
	var u gormUser
	a.must("take", a.db.Take(&u, "name = ?", "user 03"))
	u.Rating = 9
	u.Active = false
	a.say("saved", a.must("save", a.db.Save(&u)).RowsAffected)
	a.say("updated", a.must("update", a.db.Model(&gormUser{}).Where("name LIKE ?", "user 1%").Updates(map[string]any{"rating": gorm.Expr("rating + ?", 1), "email": nil})).RowsAffected)
	a.say("column", a.must("update", a.db.Model(&u).UpdateColumn("age", 50)).RowsAffected)
	a.say("limited", a.must("delete", a.db.Unscoped().Where("name LIKE ?", "user 2%").Order("id").Limit(2).Delete(&gormUser{})).RowsAffected)
	var total float64
	a.must("sum", a.db.Model(&gormUser{}).Select("SUM(rating)").Scan(&total))
	a.say("total", total)
}

func (a *gormApp) upserts() {
	languages := []gormLanguage{{"en", "British"}, {"pt", "Português"}}
	a.must("upsert", a.db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&languages))
	a.must("upsert", a.db.Clauses(clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"name": gorm.Expr("CONCAT(name, '!')")})}).Create(&gormLanguage{"pt", "x"}))
	a.say("ignored", a.must("ignore", a.db.Clauses(clause.OnConflict{DoNothing: true}).Create(&gormLanguage{"pt", "y"})).RowsAffected)
	var all []gormLanguage
	a.must("find", a.db.Order("code").Find(&all))
	a.say("languages", all)
}

func (a *gormApp) softDelete() {
	a.say("soft", a.must("delete", a.db.Where("name = ?", "user 01").Delete(&gormUser{})).RowsAffected)
	var with, without int64
	a.must("count", a.db.Model(&gormUser{}).Count(&without))
	a.must("count", a.db.Unscoped().Model(&gormUser{}).Count(&with))
	a.say("rows", with, without)
	var u gormUser
	a.must("find", a.db.Unscoped().Take(&u, "name = ?", "user 01"))
	a.say("deleted", u.DeletedAt.Valid, time.Since(u.DeletedAt.Time) < time.Hour)
	a.say("fired", number(a.db.Unscoped().Delete(&gormUser{}, "name = ?", "Ann 🚀").Error))
	a.must("no manager", a.db.Unscoped().Model(&gormUser{}).Where("1 = 1").Update("manager_id", nil))
	a.must("no languages", a.db.Exec("DELETE FROM speaks"))
	a.must("no profile", a.db.Delete(&gormProfile{}, "user_id = ?", 1))
	a.say("hard", a.must("delete", a.db.Unscoped().Delete(&gormUser{}, "name = ?", "Ann 🚀")).RowsAffected)
	var orders int64
	a.must("count", a.db.Model(&gormOrder{}).Count(&orders))
	a.say("orders", orders)
}

func (a *gormApp) transactions() {
	errWanted := errors.New("wanted")
	err := a.db.Transaction(func(tx *gorm.DB) error {
		a.must("create", tx.Create(&gormLanguage{"xx", "kept"}))
		inner := tx.Transaction(func(tx *gorm.DB) error {
			a.must("create", tx.Create(&gormLanguage{"yy", "gone"}))
			return errWanted
		})
		if !errors.Is(inner, errWanted) {
			return inner
		}
		tx.SavePoint("here")
		a.must("delete", tx.Delete(&gormLanguage{}, "code = ?", "en"))
		a.must("rollback", tx.RollbackTo("here"))
		return nil
	})
	a.check("transaction", err)
	err = a.db.Transaction(func(tx *gorm.DB) error {
		a.must("delete", tx.Where("1 = 1").Delete(&gormLanguage{}))
		return errWanted
	})
	a.say("rolled back", errors.Is(err, errWanted))
	var codes []string
	a.must("codes", a.db.Model(&gormLanguage{}).Order("code").Pluck("code", &codes))
	a.say("codes", codes)
}

func (a *gormApp) locks() {
	tx := a.must("begin", a.db.Begin())
	defer tx.Rollback() // does nothing after a commit
	var mine []gormUser
	a.must("lock", tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("name IN ?", []string{"user 04", "user 05"}).Order("name").Find(&mine))
	other := a.must("begin", a.db.Begin())
	defer other.Rollback()
	var theirs []gormUser
	a.must("skip", other.Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).Where("id IN ?", []uint{mine[0].ID, mine[1].ID, mine[1].ID + 1}).Find(&theirs))
	a.say("skipped", len(mine), len(theirs))
	err := other.Clauses(clause.Locking{Strength: "UPDATE", Options: "NOWAIT"}).Take(&gormUser{}, mine[0].ID).Error
	a.say("nowait", number(err) == 3572 || number(err) == 1205) // MySQL's number and MariaDB's
	a.must("rollback", other.Rollback())
	a.must("change", tx.Model(&mine[0]).Update("rating", 7))
	a.must("commit", tx.Commit())
	var after gormUser
	a.must("lock", a.db.Clauses(clause.Locking{Strength: "SHARE"}).Take(&after, mine[0].ID))
	a.say("after", after.Rating)
}

// alter goes to the second version of a model, with rows in the table, and on by hand.
func (a *gormApp) alter() {
	a.must("create", a.db.Create(&[]gormProduct{{Code: "a", Price: 3}, {Code: "b", Price: 4}}))
	a.log.take()
	a.check("migrate", a.db.AutoMigrate(&gormProduct2{}))
	a.say("changed", len(a.log.take()) > 0)
	a.check("migrate again", a.db.AutoMigrate(&gormProduct2{}))
	a.say("changed again", a.log.take())
	var products []gormProduct2
	a.must("find", a.db.Order("id").Find(&products))
	for _, p := range products {
		a.say("product", p.ID, p.Code, p.Price, p.Weight == nil, p.Note)
	}
	a.say("duplicate", number(a.db.Create(&gormProduct2{Code: "a", Made: time.Now()}).Error))
	m := a.db.Migrator()
	a.check("rename", m.RenameColumn(&gormProduct2{}, "note", "remark"))
	a.check("drop", m.DropColumn(&gormProduct2{}, "weight"))
	a.check("drop index", m.DropIndex(&gormProduct2{}, "code_unique"))
	a.check("create index", m.CreateIndex(&gormProduct2{}, "code_unique"))
	a.check("rename index", m.RenameIndex(&gormProduct2{}, "code_unique", "other_unique"))
	a.check("drop constraint", m.DropConstraint(&gormUser{}, "chk_users_age"))
	a.check("rename table", m.RenameTable("products", "goods"))
	a.say("now", m.HasTable("products"), m.HasTable("goods"), m.HasColumn("goods", "remark"), m.HasColumn("goods", "weight"), m.HasIndex("goods", "other_unique"))
	a.check("drop tables", m.DropTable("goods", "speaks", "order_lines", "orders", "profiles", "languages", "users"))
	tables, err := m.GetTables()
	a.check("tables", err)
	a.say("left", tables)
}
