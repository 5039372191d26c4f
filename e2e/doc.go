// Package e2e tests the whole product from outside: scripts against the real
// program (testdata/*.txtar), what kill -9 leaves behind, journeys of people
// with a real browser, and the pictures of the README. It builds the program
// once, as users do, and knows of its inside only what it needs to count what
// must not be lost.
package e2e
