package objectstore

// NewTransportFor makes a transport whose connections are idle for so long.
var NewTransportFor = newTransport

// PlainAnswer is plainAnswer.
var PlainAnswer = plainAnswer
