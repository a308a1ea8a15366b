// Package messages holds the wording of what the system tells people, in Chinese and English. A message is stored as the name of
// its template and its arguments; the text is made when it is read or sent, in the reader's language.
//
// What belongs here: the templates and how they are filled. What does not: who gets a message and when (workflows/engine), how
// it is delivered (activities), and the look-up of names and titles (the caller's, who knows what the reader may see).
package messages
