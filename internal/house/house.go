// Package house holds no code, only the tests of the house rules: which package may import which,
// where third-party modules are confined, and what every file of the tree keeps to.
// The rules stand as tables at the top of imports_test.go and texts_test.go.
package house
