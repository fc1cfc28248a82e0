// Package catalog owns the use cases of the Iceberg REST protocol, apart from
// HTTP, gRPC and storage drivers. It keeps no state: pointers live in the house
// table service, metadata in immutable files.
//
// Every mutation goes the same way (see mutation.go):
//
//	recall   an operation that is known to be finished answers from its outcome
//	attempt  read what is, decide what shall be, write the metadata file
//	settle   one Commit: the changes and the operation's outcome, all or nothing
//	         applied   -> the outcome is the answer
//	         replay    -> the recorded outcome is the answer, the new file goes
//	         conflict  -> the new file goes; attempt again, or refuse
//	         What is to be done to one table goes through folds (see line.go, fold.go)
//	refuse   a 4xx that depends on state is recorded before it is answered
//
// It promises that a commit which may have been applied never ends in a 4xx;
// that a metadata file is deleted only when no pointer can ever name it; that a
// commit once sent is seen through though its client has gone; and that the
// first answer and each replay are rendered by the same code from the same
// outcome.
package catalog
