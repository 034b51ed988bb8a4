package enginetest

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	suite "github.com/dolthub/go-mysql-server/enginetest"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/variables"
)

var (
	direct = flag.Bool("direct", false, "run the suites in this process, without the list of known failures")
	files  = flag.String("files", "", "where the suites' testdata is, if it has been copied already")
)

// TestSuites is the body of the processes that TestShare starts.
func TestSuites(t *testing.T) {
	if !*direct {
		t.Skip("run by TestShare, or with -direct")
	}
	variables.InitStatusVariables() // the suite takes for granted that they are there, also where no engine is made
	dir := *files
	if dir == "" {
		dir = suiteFiles(t)
	}
	t.Chdir(dir)
	for _, s := range suites() {
		t.Run(s.name, func(t *testing.T) { s.run(t, newHarness(t)) })
	}
}

// suiteFiles copies the files that the suites read by names relative to their package's directory, and gives where.
func suiteFiles(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/dolthub/go-mysql-server/enginetest").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS(filepath.Join(strings.TrimSpace(string(out)), "testdata"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

type namedSuite struct {
	name string
	run  func(*testing.T, *harness)
}

// suites lists what is run, in the order of the suite's own file.
func suites() (all []namedSuite) {
	add := func(name string, run func(*testing.T, suite.Harness)) {
		all = append(all, namedSuite{name, func(t *testing.T, h *harness) { run(t, h) }})
	}
	add("Queries", suite.TestQueries)
	add("SpatialQueries", suite.TestSpatialQueries)
	add("SpatialQueriesPrepared", suite.TestSpatialQueriesPrepared)
	add("JoinQueries", suite.TestJoinQueries)
	add("LateralJoinQueries", suite.TestLateralJoinQueries)
	add("JSONTableQueries", suite.TestJSONTableQueries)
	add("JSONTableQueriesPrepared", suite.TestJSONTableQueriesPrepared)
	add("JSONTableScripts", suite.TestJSONTableScripts)
	add("JSONTableScriptsPrepared", suite.TestJSONTableScriptsPrepared)
	add("InfoSchemaPrepared", suite.TestInfoSchemaPrepared)
	add("QueriesPrepared", suite.TestQueriesPrepared)
	add("JoinQueriesPrepared", suite.TestJoinQueriesPrepared)
	add("InfoSchema", suite.TestInfoSchema)
	add("MySqlDb", suite.TestMySqlDb)
	add("MySqlDbPrepared", suite.TestMySqlDbPrepared)
	add("AnsiQuotesSqlMode", suite.TestAnsiQuotesSqlMode)
	add("AnsiQuotesSqlModePrepared", suite.TestAnsiQuotesSqlModePrepared)
	add("OrderByGroupBy", suite.TestOrderByGroupBy)
	add("ColumnAliases", suite.TestColumnAliases)
	add("DerivedTableOuterScopeVisibility", suite.TestDerivedTableOuterScopeVisibility)
	add("AmbiguousColumnResolution", suite.TestAmbiguousColumnResolution)
	add("QueryErrors", suite.TestQueryErrors)
	add("InsertInto", suite.TestInsertInto)
	add("InsertDuplicateKeyKeyless", suite.TestInsertDuplicateKeyKeyless)
	add("InsertIgnoreInto", suite.TestInsertIgnoreInto)
	add("IgnoreIntoWithDuplicateUniqueKeyKeyless", suite.TestIgnoreIntoWithDuplicateUniqueKeyKeyless)
	add("InsertDuplicateKeyKeylessPrepared", suite.TestInsertDuplicateKeyKeylessPrepared)
	add("IgnoreIntoWithDuplicateUniqueKeyKeylessPrepared", suite.TestIgnoreIntoWithDuplicateUniqueKeyKeylessPrepared)
	add("InsertIntoErrors", suite.TestInsertIntoErrors)
	add("SpatialInsertInto", suite.TestSpatialInsertInto)
	add("LoadData", suite.TestLoadData)
	add("LoadDataErrors", suite.TestLoadDataErrors)
	add("LoadDataFailing", suite.TestLoadDataFailing)
	add("SelectIntoFile", suite.TestSelectIntoFile)
	add("ReplaceInto", suite.TestReplaceInto)
	add("ReplaceIntoErrors", suite.TestReplaceIntoErrors)
	add("Update", suite.TestUpdate)
	add("UpdateIgnore", suite.TestUpdateIgnore)
	add("UpdateErrors", suite.TestUpdateErrors)
	add("SpatialUpdate", suite.TestSpatialUpdate)
	add("Delete", suite.TestDelete)
	add("UpdateQueriesPrepared", suite.TestUpdateQueriesPrepared)
	add("DeleteQueriesPrepared", suite.TestDeleteQueriesPrepared)
	add("InsertQueriesPrepared", suite.TestInsertQueriesPrepared)
	add("ReplaceQueriesPrepared", suite.TestReplaceQueriesPrepared)
	add("DeleteErrors", suite.TestDeleteErrors)
	add("SpatialDelete", suite.TestSpatialDelete)
	add("Truncate", suite.TestTruncate)
	add("Convert", suite.TestConvert)
	add("ConvertPrepared", suite.TestConvertPrepared)
	add("RowLimit", suite.TestRowLimit)
	add("Scripts", suite.TestScripts)
	add("NumericErrorScripts", suite.TestNumericErrorScripts)
	add("SpatialScripts", suite.TestSpatialScripts)
	add("SpatialScriptsPrepared", suite.TestSpatialScriptsPrepared)
	add("SpatialIndexScripts", suite.TestSpatialIndexScripts)
	add("SpatialIndexScriptsPrepared", suite.TestSpatialIndexScriptsPrepared)
	add("LoadDataPrepared", suite.TestLoadDataPrepared)
	add("ScriptsPrepared", suite.TestScriptsPrepared)
	add("InsertScriptsPrepared", suite.TestInsertScriptsPrepared)
	add("GeneratedColumns", suite.TestGeneratedColumns)
	add("ComplexIndexQueriesPrepared", suite.TestComplexIndexQueriesPrepared)
	add("CreateCheckConstraintsScriptsPrepared", suite.TestCreateCheckConstraintsScriptsPrepared)
	add("InsertIgnoreScriptsPrepared", suite.TestInsertIgnoreScriptsPrepared)
	add("InsertErrorScriptsPrepared", suite.TestInsertErrorScriptsPrepared)
	add("ComplexIndexQueries", suite.TestComplexIndexQueries)
	add("Triggers", suite.TestTriggers)
	add("RollbackTriggers", suite.TestRollbackTriggers)
	add("ShowTriggers", suite.TestShowTriggers)
	add("StoredProcedures", suite.TestStoredProcedures)
	add("Events", suite.TestEvents)
	add("TriggerErrors", suite.TestTriggerErrors)
	add("Views", suite.TestViews)
	add("RecursiveViewDefinition", suite.TestRecursiveViewDefinition)
	add("ViewsPrepared", suite.TestViewsPrepared)
	add("CreateTable", suite.TestCreateTable)
	add("DropTable", suite.TestDropTable)
	add("RenameTable", suite.TestRenameTable)
	add("RenameColumn", suite.TestRenameColumn)
	add("AddColumn", suite.TestAddColumn)
	add("ModifyColumn", suite.TestModifyColumn)
	add("DropColumn", suite.TestDropColumn)
	add("DropColumnKeylessTables", suite.TestDropColumnKeylessTables)
	add("CreateDatabase", suite.TestCreateDatabase)
	add("PkOrdinalsDDL", suite.TestPkOrdinalsDDL)
	add("PkOrdinalsDML", suite.TestPkOrdinalsDML)
	add("DropDatabase", suite.TestDropDatabase)
	add("CreateForeignKeys", suite.TestCreateForeignKeys)
	add("DropForeignKeys", suite.TestDropForeignKeys)
	add("ForeignKeys", suite.TestForeignKeys)
	add("FulltextIndexes", suite.TestFulltextIndexes)
	add("CreateCheckConstraints", suite.TestCreateCheckConstraints)
	add("ChecksOnInsert", suite.TestChecksOnInsert)
	add("ChecksOnUpdate", suite.TestChecksOnUpdate)
	add("DisallowedCheckConstraints", suite.TestDisallowedCheckConstraints)
	add("DropCheckConstraints", suite.TestDropCheckConstraints)
	add("WindowFunctions", suite.TestWindowFunctions)
	add("WindowRowFrames", suite.TestWindowRowFrames)
	add("WindowRangeFrames", suite.TestWindowRangeFrames)
	add("NamedWindows", suite.TestNamedWindows)
	add("NaturalJoin", suite.TestNaturalJoin)
	add("NaturalJoinEqual", suite.TestNaturalJoinEqual)
	add("NaturalJoinDisjoint", suite.TestNaturalJoinDisjoint)
	add("InnerNestedInNaturalJoins", suite.TestInnerNestedInNaturalJoins)
	add("Variables", suite.TestVariables)
	add("PreparedInsert", suite.TestPreparedInsert)
	add("PreparedStatements", suite.TestPreparedStatements)
	add("ShowTableStatus", suite.TestShowTableStatus)
	add("DateParse", suite.TestDateParse)
	add("ShowTableStatusPrepared", suite.TestShowTableStatusPrepared)
	add("VariableErrors", suite.TestVariableErrors)
	add("Warnings", suite.TestWarnings)
	add("ClearWarnings", suite.TestClearWarnings)
	add("Use", suite.TestUse)
	add("TransactionScripts", suite.TestTransactionScripts)
	add("ConcurrentProcessList", suite.TestConcurrentProcessList)
	add("NoDatabaseSelected", suite.TestNoDatabaseSelected)
	add("SessionSelectLimit", suite.TestSessionSelectLimit)
	add("CurrentTimestamp", suite.TestCurrentTimestamp)
	add("OnUpdateExprScripts", suite.TestOnUpdateExprScripts)
	add("AddDropPks", suite.TestAddDropPks)
	add("NullRanges", suite.TestNullRanges)
	add("AlterTable", suite.TestAlterTable)
	add("ColumnDefaults", suite.TestColumnDefaults)
	add("Prepared", suite.TestPrepared)
	add("CharsetCollationEngine", suite.TestCharsetCollationEngine)
	add("PrivilegePersistence", suite.TestPrivilegePersistence)
	add("Blobs", suite.TestBlobs)
	add("Indexes", suite.TestIndexes)
	add("VectorIndexes", suite.TestVectorIndexes)
	add("VectorFunctions", suite.TestVectorFunctions)
	add("IndexPrefix", suite.TestIndexPrefix)
	add("SQLLogicTests", suite.TestSQLLogicTests)
	return append(all,
		namedSuite{"ConcurrentTransactions", func(t *testing.T, h *harness) {
			h.bare = true
			suite.TestConcurrentTransactions(t, h)
		}},
		namedSuite{"JsonScripts", func(t *testing.T, h *harness) { suite.TestJsonScripts(t, h, nil) }},
		namedSuite{"JsonScriptsPrepared", func(t *testing.T, h *harness) { suite.TestJsonScriptsPrepared(t, h, nil) }},
		namedSuite{"JoinOps", func(t *testing.T, h *harness) { suite.TestJoinOps(t, h, suite.DefaultJoinOpTests) }},
		namedSuite{"ReadOnly", func(t *testing.T, h *harness) {
			h.bare = true
			suite.TestReadOnly(t, h, false)
		}},
		namedSuite{"Persist", func(t *testing.T, h *harness) {
			suite.TestPersist(t, h, func(*gsql.Context) gsql.PersistableSession {
				return h.newSession(gsql.Client{Address: "localhost", User: "root"})
			})
		}},
		namedSuite{"VersionedQueries", func(t *testing.T, h *harness) { suite.TestVersionedQueries(t, h) }},
		namedSuite{"VersionedQueriesPrepared", func(t *testing.T, h *harness) { suite.TestVersionedQueriesPrepared(t, h) }},
		namedSuite{"VersionedViews", func(t *testing.T, h *harness) { suite.TestVersionedViews(t, h) }},
		namedSuite{"VersionedViewsPrepared", func(t *testing.T, h *harness) { suite.TestVersionedViewsPrepared(t, h) }},
		namedSuite{"UserPrivileges", func(t *testing.T, h *harness) { suite.TestUserPrivileges(t, h) }},
	)
}
