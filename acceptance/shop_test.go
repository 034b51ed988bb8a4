package acceptance

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// shop generates the rows of testdata/shop_schema.sql. The same seed and scale give the same rows.
type shop struct {
	random *rand.Rand
	insert func(table, columns string, rows []string)
	total  int

	customers, products, purchases int
}

// fill puts rows into an empty shop: about 200,000 at scale 1.
func fillShop(t *testing.T, e executor, from uint64, scale float64) *shop {
	t.Helper()
	s := &shop{random: rand.New(rand.NewPCG(from, 1))}
	s.insert = func(table, columns string, rows []string) {
		for len(rows) > 0 {
			n := min(500, len(rows))
			mustExec(t, e, "INSERT INTO "+table+" ("+columns+") VALUES "+strings.Join(rows[:n], ","))
			s.total += n
			rows = rows[n:]
		}
	}
	size := func(n int) int { return max(20, int(float64(n)*scale)) }
	s.customers, s.products, s.purchases = size(20_000), size(3_000), size(40_000)
	s.countries()
	s.customersAndAddresses()
	s.catalogue()
	s.trade()
	s.reviewsAndVisits(size(12_000), size(12_000))
	s.everyType(size(600))
	s.defaultsAndWords()
	return s
}

// row makes a row of SQL literals.
func row(values ...any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = literal(v)
	}
	return "(" + strings.Join(parts, ",") + ")"
}

// raw is a piece of SQL.
type raw string

var escapes = strings.NewReplacer("\\", `\\`, "'", `\'`, "\x00", `\0`, "\n", `\n`, "\r", `\r`, "\x1a", `\Z`)

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case raw:
		return string(v)
	case string:
		return "'" + escapes.Replace(v) + "'"
	case []byte:
		return "x'" + hex.EncodeToString(v) + "'"
	}
	return fmt.Sprint(v)
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// maybe is v, or NULL one time in n.
func (s *shop) maybe(n int, v any) any {
	if s.random.IntN(n) == 0 {
		return nil
	}
	return v
}

func (s *shop) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return b
}

func (s *shop) cents(below int) raw {
	n := s.random.IntN(below)
	return raw(fmt.Sprintf("%d.%02d", n/100, n%100))
}

// moment is a time in a year or so, with a fraction of so many digits.
func (s *shop) moment(digits int) string {
	at := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(s.random.Int64N(int64(700*24*time.Hour/time.Microsecond))) * time.Microsecond)
	layout := "2006-01-02 15:04:05"
	if digits > 0 {
		layout += "." + strings.Repeat("0", digits)
	}
	return at.Format(layout)
}

func (s *shop) date() string { return s.moment(0)[:10] }

var (
	firstNames = []string{"Ana", "Zoë", "José", "Müller", "Øystein", "Łukasz", "Chloé", "Jürgen", "Siân", "Ñandú", "Иван", "Ольга", "田中", "さくら", "محمد", "Anna", "anna", "ANNA", "O'Neil", "Bob"}
	lastNames  = []string{"Smith", "Straße", "Strasse", "Ångström", "Dvořák", "d'Arc", "García", "Garcia", "Nguyễn", "López", "van den Berg", "Gül", "👩‍💻 Dev", "Back\\slash", "100%", "under_score"}
	words      = strings.Fields("red green blue large small fast slow quiet café naïve über soft hard new old classic modern 🚀 light dark wooden steel paper glass travel kitchen garden office winter summer")
)

func (s *shop) phrase(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = pick(s.random, words...)
	}
	return strings.Join(parts, " ")
}

const countryCount = 60

func countryCode(i int) string { return string([]byte{'A' + byte(i/10), 'A' + byte(i%10)}) }

func (s *shop) countries() {
	var rows []string
	for i := range countryCount {
		rows = append(rows, row(countryCode(i), fmt.Sprintf("Country %02d", i), s.maybe(4, pick(s.random, lastNames...)), s.maybe(5, s.random.Uint32()), i%2))
	}
	s.insert("country", "code,name,native_name,population,eu", rows)
}

func (s *shop) country() string { return countryCode(s.random.IntN(countryCount)) }

func (s *shop) customersAndAddresses() {
	var customers, addresses []string
	for id := 1; id <= s.customers; id++ {
		r := s.random
		name := pick(r, firstNames...) + " " + pick(r, lastNames...)
		preferences := fmt.Sprintf(`{"lang": %q, "size": %d, "tags": [%q, %q], "deep": {"on": %t, "none": null}}`,
			pick(r, "de", "fr", "en", "日本"), r.IntN(50), pick(r, words...), pick(r, words...), r.IntN(2) == 0)
		customers = append(customers, row(id, fmt.Sprintf("c%d@example.org", id), name, s.maybe(3, pick(r, "Bär", "bär", "BÄR", "x", "Y", "z ")),
			s.maybe(10, s.country()), s.maybe(6, s.date()), 1+r.IntN(4), r.IntN(16), s.cents(2_000_000), r.IntN(2),
			s.maybe(2, s.phrase(1+r.IntN(12))), s.maybe(3, preferences), s.moment(6), s.moment(6)))
		for kind := 1; kind <= 3; kind++ {
			if r.IntN(10) < 4 {
				addresses = append(addresses, row(id, kind, fmt.Sprintf("%s %d", pick(r, lastNames...), r.IntN(300)), pick(r, "Bern", "Köln", "São Paulo", "東京", "Paris", "paris"),
					fmt.Sprintf("%05d", r.IntN(100000)), s.maybe(4, float64(r.IntN(1440))/8-90), s.maybe(4, float64(r.IntN(2880))/8-180)))
			}
		}
	}
	s.insert("customer", "id,email,name,nick,country,born,status,flags,credit,vip,note,preferences,created,changed", customers)
	s.insert("address", "customer_id,kind,street,city,zip,latitude,longitude", addresses)
}

func (s *shop) catalogue() {
	r := s.random
	const categories, suppliers = 40, 200
	var rows []string
	for id := 1; id <= categories; id++ {
		var parent any
		if id > 5 {
			parent = 1 + r.IntN(id-1)
		}
		rows = append(rows, row(id, parent, fmt.Sprintf("%s %d", pick(r, words...), id)))
	}
	s.insert("category", "id,parent_id,name", rows)
	rows = nil
	for id := 1; id <= suppliers; id++ {
		rows = append(rows, row(id, "Supplier "+s.phrase(2), s.country(), s.maybe(5, float64(r.IntN(40))/8), 1950+r.IntN(74), s.maybe(3, "tel. "+fmt.Sprint(r.IntN(1e6)))))
	}
	s.insert("supplier", "id,name,country,rating,since,contact", rows)
	rows = nil
	var stock []string
	for id := 1; id <= s.products; id++ {
		rows = append(rows, row(id, fmt.Sprintf("SKU-%06d", id), s.phrase(2+r.IntN(4)), s.maybe(12, 1+r.IntN(categories)), s.maybe(9, 1+r.IntN(suppliers)),
			s.cents(100_000), pick[raw](r, "0.190", "0.070", "0.000", "0.255"), s.maybe(5, float64(r.IntN(100_000))/16), raw(fmt.Sprintf("b'%b'", r.IntN(256))),
			s.maybe(2, s.bytes(r.IntN(200))), s.maybe(3, s.phrase(r.IntN(60))), s.maybe(4, s.date())))
		for warehouse := 1; warehouse <= 3; warehouse++ {
			stock = append(stock, row(warehouse, id, r.IntN(1000), r.IntN(20), s.maybe(3, s.moment(0))))
		}
	}
	s.insert("product", "id,sku,name,category_id,supplier_id,price,tax_rate,weight,features,image,description,released", rows)
	s.insert("stock", "warehouse,product_id,quantity,reserved,counted", stock)
}

func (s *shop) trade() {
	r := s.random
	var purchases, lines, payments []string
	for id := 1; id <= s.purchases; id++ {
		purchases = append(purchases, row(id, 1+r.IntN(s.customers), s.moment(3), 1+r.IntN(5), s.maybe(2, fmt.Sprintf("C%d", r.IntN(50))),
			s.maybe(3, fmt.Sprintf("%02d:%02d:%02d.%03d", r.IntN(90), r.IntN(60), r.IntN(60), r.IntN(1000))), s.maybe(4, s.cents(5_000_000))))
		for line := 1; line <= r.IntN(5); line++ {
			lines = append(lines, row(id, line, 1+r.IntN(s.products), 1+r.IntN(9), s.cents(100_000), s.maybe(2, raw(fmt.Sprintf("0.%04d", r.IntN(5000))))))
		}
		if r.IntN(2) == 0 {
			payments = append(payments, row(s.bytes(16), id, 1+r.IntN(4), s.cents(5_000_000), s.maybe(3, s.bytes(r.IntN(30))), s.maybe(4, s.moment(6))))
		}
	}
	s.insert("purchase", "id,customer_id,placed,state,coupon,shipping,total", purchases)
	s.insert("purchase_line", "purchase_id,line,product_id,quantity,price,discount", lines)
	s.insert("payment", "id,purchase_id,method,amount,reference,booked", payments)
}

func (s *shop) reviewsAndVisits(reviews, visits int) {
	r := s.random
	var rows []string
	seen := map[[2]int]bool{}
	for range reviews {
		key := [2]int{1 + r.IntN(s.products), 1 + r.IntN(s.customers)}
		if !seen[key] {
			seen[key] = true
			rows = append(rows, row(key[0], key[1], 1+r.IntN(5), s.maybe(4, s.phrase(3)), s.maybe(5, s.phrase(r.IntN(40))+"\nend\t'quoted' \"double\" \\"), s.moment(6)))
		}
	}
	s.insert("review", "product_id,customer_id,stars,title,body,written", rows)
	rows = nil
	for range visits {
		one := row(s.moment(2), s.maybe(3, 1+r.IntN(s.customers)), "/"+pick(r, words...), s.maybe(8, r.IntN(2000)))
		rows = append(rows, one)
		if r.IntN(10) == 0 {
			rows = append(rows, one) // a row that is there twice
		}
	}
	s.insert("visit", "happened,customer_id,page,took_ms", rows)
}

const everyTypeColumns = "id,t,tu,s,su,m,mu,i,iu,b,bu,d,d_big,f,g,bit1,bit64,flag,c,v,v_latin,tt,tx,mt,lt,bi,vb,tb,bl,mb,lb," +
	"da,dt0,dt1,dt3,dt6,ts,ts6,ti,ti3,ti6,y,en,se,js"

// everyType writes the ends of every type, then rows between.
func (s *shop) everyType(n int) {
	rows := []string{
		row(1, -128, 0, -32768, 0, -8388608, 0, -2147483648, 0, raw("-9223372036854775808"), 0, raw("-99999999999999.999999"),
			raw("-99999999999999999999999999999999999.999999999999999999999999999999"), raw("-3.40282e38"), raw("-1.7976931348623157e308"), raw("b'0'"), 0, false,
			"", "", "", "", "", "", "", make([]byte, 8), []byte{}, []byte{}, []byte{}, []byte{}, []byte{},
			"1000-01-01", "1000-01-01 00:00:00", "1000-01-01 00:00:00.0", "1000-01-01 00:00:00.000", "1000-01-01 00:00:00.000000",
			"1970-01-01 00:00:01", "1970-01-01 00:00:01.000001", "-838:59:59", "-838:59:59.000", "-838:59:59.000000", 1901, "small", "", "{}"),
		row(2, 127, 255, 32767, 65535, 8388607, 16777215, 2147483647, uint32(4294967295), raw("9223372036854775807"), raw("18446744073709551615"),
			raw("99999999999999.999999"), raw("99999999999999999999999999999999999.999999999999999999999999999999"), raw("3.40282e38"), raw("1.7976931348623157e308"),
			raw("b'1'"), raw("18446744073709551615"), true, "ÄÖÜ 🚀 ab", strings.Repeat("é", 255), "àéîõü", strings.Repeat("x", 255), strings.Repeat("y🚀", 5000),
			strings.Repeat("z", 70000), strings.Repeat("w", 100000), []byte("\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8"), s.bytes(300), s.bytes(255), s.bytes(60000), s.bytes(70000), s.bytes(100000),
			"9999-12-31", "9999-12-31 23:59:59", "9999-12-31 23:59:59.9", "9999-12-31 23:59:59.999", "9999-12-31 23:59:59.999999",
			"2038-01-19 03:14:07", "2038-01-19 03:14:07.999999", "838:59:59", "838:59:59.000", "838:59:59.000000", 2155, "größer", "a,b,c,d", `[1, "two", {"three": [null, true, 1.5]}]`),
		row(append([]any{3}, make([]any, strings.Count(everyTypeColumns, ","))...)...),
	}
	for id := 4; id <= n; id++ {
		rows = append(rows, s.everyTypeRow(id))
	}
	s.insert("every_type", everyTypeColumns, rows)
}

func (s *shop) everyTypeRow(id int) string {
	r := s.random
	m := func(v any) any { return s.maybe(8, v) }
	clock := func(digits int) string {
		text := pick(r, "", "-") + fmt.Sprintf("%02d:%02d:%02d", r.IntN(400), r.IntN(60), r.IntN(60))
		if digits > 0 {
			text += fmt.Sprintf(".%06d", r.IntN(1e6))[:1+digits]
		}
		return text
	}
	return row(id, m(r.IntN(256)-128), m(r.IntN(256)), m(r.IntN(1<<16)-1<<15), m(r.IntN(1<<16)), m(r.IntN(1<<24)-1<<23), m(r.IntN(1<<24)),
		m(int32(r.Uint32())), m(r.Uint32()), m(int64(r.Uint64())), m(r.Uint64()),
		m(raw(fmt.Sprintf("%d.%06d", r.IntN(2_000_000)-1_000_000, r.IntN(1e6)))), m(raw(fmt.Sprintf("%d.%015d", r.Int64()-1<<62, r.Int64N(1e15)))),
		m(float64(r.IntN(16000)-8000)/8), m((r.Float64()-0.5)*1e6), m(r.IntN(2)), m(r.Uint64()), m(r.IntN(2)),
		m(pick(r, words...)), m(s.phrase(1+r.IntN(6))), m(pick(r, "élan", "Elan", "façade", "plain")), m(s.phrase(2)), m(s.phrase(9)), m(s.phrase(20)), m(s.phrase(30)),
		m(s.bytes(8)), m(s.bytes(r.IntN(20))), m(s.bytes(r.IntN(20))), m(s.bytes(r.IntN(50))), m(s.bytes(r.IntN(50))), m(s.bytes(r.IntN(50))),
		m(s.date()), m(s.moment(0)), m(s.moment(1)), m(s.moment(3)), m(s.moment(6)), m(s.moment(0)), m(s.moment(6)),
		m(clock(0)), m(clock(3)), m(clock(6)), m(1901+r.IntN(254)), m(1+r.IntN(4)), m(r.IntN(16)),
		m(fmt.Sprintf(`{"k": %d, "s": %q}`, r.IntN(1000), pick(r, words...))))
}

func (s *shop) defaultsAndWords() {
	s.insert("defaults", "n", []string{"(1)", "(2)", "(DEFAULT)"})
	s.insert("defaults", "id,d,s,e,b,dt,expr", []string{"(200,NULL,NULL,NULL,NULL,NULL,NULL)", "(150,DEFAULT,DEFAULT,DEFAULT,DEFAULT,DEFAULT,DEFAULT)"})
	var rows []string
	for i, w := range []string{
		"apple", "Apple", "APPLE", "äpple", "Äpple", "ápple", "banana", "Banana", "zebra", "Zebra", "éclair", "Eclair", "eclair", "ñu", "nu", "Nu", "ö", "o", "O",
		"straße", "strasse", "🚀", "🍎", "日本", "_", "a b", "a", "A", "ab", "1", "10", "2", "", "ÿ", "œuvre", "oeuvre", "Łódź", "lodz",
	} {
		rows = append(rows, row(i+1, w, w, w))
	}
	s.insert("word", "id,ci,bin,uni", rows)
}
