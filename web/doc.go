// Package web serves the page that people use in a browser. It holds the page's files, which are built into the program,
// the handler that serves them with the headers that keep a browser safe, and the browser tests in e2e.
//
// The page is plain HTML, CSS and JavaScript in start: no build step, no framework, nothing from another host. It asks
// the server only through the contract in api/openapi.yaml, and start/api.js is the only file that knows its paths.
//
// What does not belong here: rules about processes and tasks, the HTTP API, sign-in, and anything that a test of the API
// could prove without a browser.
package web
