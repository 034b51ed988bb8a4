package sql

import "testing"

func TestPlainFloat(t *testing.T) {
	for text, want := range map[string]string{
		"8.515767e+06": "8515767", "1e+100": "1e100", "-1.5e-07": "-0.00000015", "1.7976931348623157e+308": "1.7976931348623157e308",
		"1.25": "1.25", "1e-16": "1e-16", "9.5e+14": "950000000000000", "1e+15": "1e15", "1.2345678e+07": "12345678",
	} {
		if got, _ := plainFloat([]byte(text)); string(got) != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestPadFraction(t *testing.T) {
	for _, c := range []struct {
		text   string
		digits int
		want   string
	}{
		{"2020-01-01 12:00:00.5", 3, "2020-01-01 12:00:00.500"},
		{"2020-01-01 12:00:00", 6, "2020-01-01 12:00:00.000000"},
		{"2020-01-01 12:00:00.123456", 6, "2020-01-01 12:00:00.123456"},
		{"2020-01-01 12:00:00.123456", 2, "2020-01-01 12:00:00.12"},
	} {
		if got, _ := padFraction([]byte(c.text), c.digits); string(got) != c.want {
			t.Errorf("%s to %d digits: got %s, want %s", c.text, c.digits, got, c.want)
		}
	}
}
