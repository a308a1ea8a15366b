// Package sample holds process definitions that the tests of several packages publish.
//
// What belongs here: a small definition that at least two packages test with. What does not: what one package alone needs,
// which stays in its tests; anything to run it on (apptest, storetest); and shipped processes (definitions/library). It
// imports nothing, so that a test of a low layer does not have to build the layers above.
package sample
