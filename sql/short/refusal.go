package short

// refusal is why a statement goes the full way. It is the label of a counter.
type refusal string

const (
	taken        refusal = ""
	noTemplate   refusal = "text"       // its text is not of a kind that is looked at: comments, several statements, …
	notSimple    refusal = "statement"  // a statement, clause or expression that is not simple
	noTable      refusal = "table"      // no stored table, or one with triggers, checks, foreign keys, …
	noKey        refusal = "key"        // no key leads to the rows
	otherType    refusal = "type"       // a column of a type that is not known here
	otherValue   refusal = "value"      // an argument that is not exactly a value of its column
	unlearned    refusal = "first"      // its columns are not known yet
	otherSession refusal = "session"    // the session's variables, temporary tables or transaction
	noPrivilege  refusal = "privilege"  // the full way says what is missing
	otherSchema  refusal = "dictionary" // the transaction sees another dictionary
	tooMany      refusal = "rows"       // more rows than a short statement reads
)

var refusals = []refusal{
	noTemplate, notSimple, noTable, noKey, otherType, otherValue, unlearned, otherSession, noPrivilege, otherSchema, tooMany,
}
