package parser

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// Parser is a sql.Parser: our grammar in front of the engine's. It may be used by many goroutines at a time.
type Parser struct {
	engine   sql.MysqlParser
	options  Options
	commands map[string][]Command // by the first word, in lower case

	longestFirst string // the longest of those words
}

var _ sql.Parser = (*Parser)(nil)

// New returns a Parser.
func New(o Options) *Parser {
	if o.Commands == nil {
		o.Commands = StandardCommands()
	}
	p := &Parser{options: o, commands: map[string][]Command{}}
	for _, c := range o.Commands {
		for _, first := range strings.Split(c.Words[0], "|") {
			first = strings.ToLower(first)
			p.commands[first] = append(p.commands[first], c)
			if len(first) > len(p.longestFirst) {
				p.longestFirst = first
			}
		}
	}
	return p
}

// Install makes the engine use the parser, for what clients send and for what the catalog stores, and registers the
// functions that rewritten statements call. It sets sql.GlobalParser, by which the engine reads stored triggers and
// procedures; so a process can hold one such engine, or several whose parsers have the same Options.
func (p *Parser) Install(ctx *sql.Context, e *sqle.Engine) error {
	if p.options.Executor == nil && len(p.commands) > 0 {
		return errors.New("parser: Options.Executor is missing")
	}
	e.Parser = p
	e.Analyzer.Parser = p
	sql.GlobalParser = p
	e.Analyzer.Catalog.RegisterFunction(ctx, Functions()...)
	return nil
}

// Reads tells whether a text, or the first statement of one, can be read, and is not refused right away.
func (p *Parser) Reads(ctx *sql.Context, text string) bool {
	tree, _, _, err := p.Parse(ctx, text, true)
	if injected, ok := tree.(ast.InjectedStatement); ok {
		_, refused := injected.Statement.(refusal)
		return !refused && err == nil
	}
	return err == nil
}

// ParseSimple implements sql.Parser.
func (p *Parser) ParseSimple(query string) (ast.Statement, error) {
	tree, _, err := p.parse(context.Background(), query, ast.ParserOptions{}, false)
	return tree, err
}

// Parse implements sql.Parser.
func (p *Parser) Parse(ctx *sql.Context, query string, multi bool) (ast.Statement, string, string, error) {
	return p.ParseWithOptions(ctx, query, ';', multi, sql.LoadSqlMode(ctx).ParserOptions())
}

// ParseWithOptions implements sql.Parser. The text that it returns is the client's own, not a rewritten one, except that
// executed comments around the parts of a DDL statement are opened: it is what the catalog keeps and SHOW CREATE shows.
func (p *Parser) ParseWithOptions(ctx context.Context, query string, delimiter rune, multi bool, options ast.ParserOptions) (ast.Statement, string, string, error) {
	s := sql.RemoveSpaceAndDelimiter(query, delimiter)
	tree, end, err := p.parse(ctx, s, options, multi)
	text, rest := s, ""
	if multi && end > 0 && end < len(s) {
		text, rest = sql.RemoveSpaceAndDelimiter(s[:end], delimiter), s[end:]
	}
	if ddl, ok := tree.(*ast.DDL); ok && err == nil {
		text = openComments(text, ddl, options)
	}
	return tree, text, rest, err
}

// ParseOneWithOptions implements sql.Parser.
func (p *Parser) ParseOneWithOptions(ctx context.Context, query string, options ast.ParserOptions) (ast.Statement, int, error) {
	return p.parse(ctx, query, options, true)
}

// parse reads the first statement of the text, or with one unset the text as one statement. It returns the offset
// where the next statement begins: the length of the text if there is none, 0 after an error.
func (p *Parser) parse(ctx context.Context, text string, options ast.ParserOptions, one bool) (ast.Statement, int, error) {
	piece := text
	if one {
		piece = text[:statementEnd(text, options.AnsiQuotes)]
	}
	tree, end, err := p.parsePiece(ctx, piece, options, one)
	if err != nil && !errors.Is(err, ast.ErrEmpty) && len(piece) < len(text) {
		// Perhaps the piece was cut short in a stored program's body that the cutter does not understand.
		if whole, wholeEnd, wholeErr := p.parsePiece(ctx, text, options, one); wholeErr == nil {
			return whole, wholeEnd, nil
		}
	}
	if errors.Is(err, ast.ErrEmpty) || err == nil && end >= len(piece) {
		end = min(len(piece)+1, len(text)) // behind the semicolon
	}
	return tree, end, err
}

// parsePiece reads a text that begins with the statement wanted.
func (p *Parser) parsePiece(ctx context.Context, text string, options ast.ParserOptions, one bool) (ast.Statement, int, error) {
	interesting, computes, err := p.look(text, options.AnsiQuotes)
	if err != nil {
		return refuse(err), len(text), nil
	}
	if !interesting {
		return p.parsePlain(ctx, rewriting{original: text, text: text, plain: !computes}, options, one)
	}
	list, ok := lexStatement(text, options.AnsiQuotes)
	plain := plainTokens(list)
	if err := guardTokens(plain); err != nil {
		return refuse(err), len(text), nil
	}
	if !ok {
		return p.parsePlain(ctx, rewriting{original: text, text: text}, options, one)
	}
	if tree, err := p.command(text, plain, options); tree != nil || err != nil {
		if err != nil {
			tree = refuse(err)
		}
		return tree, len(text), nil
	}
	for _, refusal := range []func([]Token) error{refusePartitions, refuseCreateSelect, refuseInProcedure} {
		if err := refusal(plain); err != nil {
			return refuse(err), len(text), nil
		}
	}
	r := apply(text, rewriteAll(list, plain))
	r.locks = lockClauses(plain)
	r.rowSCN, r.periods = mentionsRowSCN(plain), mentionsPeriod(plain)
	return p.parsePlain(ctx, r, options, one)
}

// parsePlain gives the rewritten text to the engine's parser and brings the tree's positions back to the original.
func (p *Parser) parsePlain(ctx context.Context, r rewriting, options ast.ParserOptions, one bool) (ast.Statement, int, error) {
	tree, end, err := p.parseEngine(ctx, r.text, options, one)
	if err != nil {
		q, quoted := r, false
		complaint := err
		for n := 0; err != nil && n < quotesMax; n++ {
			if q, quoted = q.quoteName(err, options); !quoted {
				break
			}
			tree, end, err = p.parseEngine(ctx, q.text, options, one)
		}
		if err != nil {
			return nil, 0, r.explain(complaint)
		}
		r = q
	}
	if end < len(r.text) {
		end = r.back(end, true)
	} else {
		end = len(r.original)
	}
	r.fixPositions(tree)
	p.qualify(tree, r.text)
	adapt(tree, r.original)
	if err := lockTables(tree, r.locks); err != nil {
		return refuse(err), end, nil
	}
	if c, ok := ctx.(*sql.Context); ok {
		switch database, err := renameIn(tree, c.GetCurrentDatabase()); {
		case err != nil:
			return refuse(err), end, nil
		case database != "":
			tree, err = p.inject(&RunIn{database, r.original[:end]}, options)
			return tree, end, err
		}
	}
	if p.options.Rewrite != nil && (!r.plain || updatesJoin(tree)) {
		tree = p.options.Rewrite(tree)
	}
	tree, err = p.check(ctx, tree, &r)
	return tree, end, err
}

// updatesJoin tells whether a statement is an UPDATE of several tables, which Options.Rewrite may replace whatever it computes.
func updatesJoin(tree ast.Statement) bool {
	u, ok := tree.(*ast.Update)
	if !ok || len(u.TableExprs) == 0 {
		return false
	}
	_, single := u.TableExprs[0].(*ast.AliasedTableExpr)
	return !single || len(u.TableExprs) > 1
}

// adapt makes of a tree, as the engine read it, one that the engine runs as MySQL would.
func adapt(tree ast.Statement, text string) {
	sameWords(tree)
	ownConnections(tree)
	if holds(text, "ORDER") {
		nameLiterals(tree)
	}
	orderAlter(tree)
	allowLocal(tree)
	readPast(text, tree)
}

// parseEngine calls the engine's parser, which panics on some texts that it cannot read.
func (p *Parser) parseEngine(ctx context.Context, text string, options ast.ParserOptions, one bool) (tree ast.Statement, end int, err error) {
	defer func() {
		if value := recover(); value != nil {
			tree, end, err = nil, 0, sqlcode.Syntax(fmt.Sprintf("You have an error in your SQL syntax: it cannot be read (%v)", value))
		}
	}()
	if one {
		return p.engine.ParseOneWithOptions(ctx, text, options)
	}
	tree, err = ast.ParseWithOptions(ctx, text, options)
	return tree, len(text), err
}

// command recognises a statement of our own among the tokens.
func (p *Parser) command(text string, list []Token, options ast.ParserOptions) (ast.Statement, error) {
	for len(list) > 0 && list[len(list)-1].IsOp(";") {
		list = list[:len(list)-1]
	}
	if len(list) == 0 || list[0].Kind != Word {
		return nil, nil
	}
	for _, c := range p.commands[strings.ToLower(list[0].Text)] {
		if !beginsWith(list, c.Words) {
			continue
		}
		t := &Tokens{text: text, list: list}
		s, err := c.Parse(t)
		if err == nil && s == nil {
			continue
		}
		if err == nil && !t.Done() {
			err = unexpected(t)
		}
		if err != nil {
			return nil, err
		}
		return p.inject(s, options)
	}
	return nil, nil
}

func beginsWith(list []Token, words []string) bool {
	for i, w := range words {
		if !tokenAt(list, i).IsAny(strings.Split(w, "|")...) {
			return false
		}
	}
	return true
}

// unexpected reports the next token as a syntax error.
func unexpected(t *Tokens) error {
	rest := t.Rest()
	if rest == "" {
		return sqlcode.Syntax("You have an error in your SQL syntax: the statement ends too early")
	}
	if len(rest) > 80 {
		rest = rest[:80]
	}
	return sqlcode.Syntax("You have an error in your SQL syntax near '" + strings.ToValidUTF8(rest, "") + "'")
}

// look reports whether the text may need anything but the engine's own parser. It only reads tokens: a long INSERT
// costs one pass. It returns an error if a text of which it has seen all is nested too deep; one that is interesting
// has still to be guarded. computes tells of a text that is not interesting whether Options.Rewrite may find something.
func (p *Parser) look(text string, ansiQuotes bool) (interesting, computes bool, err error) {
	l := lexer{s: text, ansiQuotes: ansiQuotes}
	var g guard
	var before, last Token
	for first := true; ; first = false {
		t := l.next()
		switch t.Kind {
		case EOF:
			return false, computes, nil
		case Bad:
			return true, false, nil // to be guarded in spite of it
		case SpecialOpen, SpecialDead, DoubleMinus:
			return true, false, nil
		case Quoted:
			if isPseudoColumn(t.Text[1 : len(t.Text)-1]) {
				return true, false, nil
			}
		case Word:
			if first && (isDumpWord(t) || p.beginsCommand(t)) || l.oddWord || isTrigger(last, t) {
				return true, false, nil
			}
		}
		if isSpelling(last, t) || endsParenthesised(last, t) || opensDefinition(last, t) || touches(last, t) || mysqlCollation(collationName(before, last, t)) != "" {
			return true, false, nil
		}
		computes = computes || isComputation(last, t)
		if err := g.see(t); err != nil {
			return false, false, err
		}
		before, last = last, t
	}
}

// isTrigger reports whether a word, with the one before, is one that a rule of ours may look for.
func isTrigger(last, t Token) bool {
	switch len(t.Text) {
	case 2:
		return t.Is("OF") && last.Is("AS") || beginsLock(last, t)
	case 5, 6:
		return beginsLock(last, t)
	case len(rowSCNColumn):
		return t.Is(rowSCNColumn)
	case len("PARTITION"):
		return t.Is("PARTITION")
	}
	return isPeriodWord(t) || isHint(t) || t.Is("QUICK") && last.Is("DELETE")
}

// beginsCommand reports whether a statement of our own begins with the word.
func (p *Parser) beginsCommand(t Token) bool {
	if len(t.Text) > len(p.longestFirst) {
		return false
	}
	var lower [16]byte
	if len(t.Text) > len(lower) {
		return len(p.commands[strings.ToLower(t.Text)]) > 0
	}
	for i := range len(t.Text) {
		c := t.Text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	return len(p.commands[string(lower[:len(t.Text)])]) > 0
}

// rewriteAll returns the edits of all rules.
func rewriteAll(list, plain []Token) []edit {
	edits := rewriteMarkers(list, nil)
	edits = rewriteWords(plain, edits)
	edits = rewriteCollations(plain, edits)
	edits = rewriteAsOf(plain, edits)
	edits = rewriteVersions(plain, edits)
	edits = rewriteSpelling(plain, edits)
	edits = rewriteParenthesised(plain, edits)
	edits = rewriteDefinitions(plain, edits)
	edits = rewriteLoad(plain, edits)
	edits = rewriteCreateSelect(plain, edits)
	edits = rewriteHints(plain, edits)
	edits = rewriteShow(plain, edits)
	edits = rewriteAlterView(plain, edits)
	edits = rewriteLocks(plain, edits)
	return rewriteDump(plain, edits)
}
