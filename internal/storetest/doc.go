// Package storetest gives tests a real Postgres: every call of New answers a fresh database with the current schema, dropped when
// the test ends. It uses the server of STEWARD_TEST_DATABASE_URL when that is set, and otherwise starts one of its own, once per
// test binary.
//
// Only tests import it. Rows that several packages need in their tests may be made here; assertions may not.
package storetest
