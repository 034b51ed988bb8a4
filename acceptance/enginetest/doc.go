// Package enginetest runs go-mysql-server's own tests, its package enginetest, over this database's storage: the suites
// of queries and scripts with which that engine is developed, some 13,000 cases, on our engine, functions, parser and
// rules.
//
// The nouns:
//
//   - Suite: one exported test of go-mysql-server's enginetest, such as TestQueries.
//   - Case: a statement of a suite with what is expected of it: its rows, error or warnings.
//   - Harness: what the suites ask for databases and sessions; each database has its log in memory.
//   - Known failure: a case that fails, in known.txt below the reason why. A reason says who is right, or "open".
//
// The life of a run: (1) TestShare starts a process for each suite; (2) the process makes databases and runs its cases;
// (3) TestShare counts cases, those without others inside of them, and prints the share that passes; (4) a failing case
// that is not in the list fails the run, and so does one in the list that passes, or a share below 97 %.
//
//	go test -C acceptance/enginetest .                                        # all of it: about two minutes
//	go test -C acceptance/enginetest -run TestSuites/Update -direct -v .      # one suite, its failures as it tells them
//	go test -C acceptance/enginetest -run TestShare -update .                 # write the list anew; reasons stay
//
// The server is set up as the suites expect: text compares by its bytes unless told otherwise (collation_server), and
// transactions are REPEATABLE READ. Results are compared as a client reads them: numbers by their values, whatever Go
// type holds them, and errors by their numbers.
//
// Left out are the suites that compare plans (TestQueryPlans, TestIndexQueryPlans, TestIntegrationPlans, TestImdbPlans,
// TestTpchPlans, TestTpccPlans, TestTpcdsPlans, TestSysbenchPlans, TestGeneratedColumnPlans, TestSpatialIndexPlans,
// TestJoinPlanning, TestJoinStats), spans of the execution (TestTracing) or statistics (TestStatistics…): they hold what
// that module's executor and its memory engine's estimates make of a query. Left out, too, are TestBroken…, which list
// what fails upstream; what counts calls of a session of that module's (TestValidateSession) or wants its read-only
// databases (TestReadOnlyDatabases); and what runs that module's server (TestUserAuthentication, Test…Wire): clients and
// logins are tested on our own, in package acceptance and sql/wire.
//
// It is a module of its own so that what the suites need is not in the database's go.mod.
package enginetest
