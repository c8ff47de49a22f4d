package datalink

import "errors"

// Why a datagram was not handed to a network; both are counted as SendErrors
// and named in NetworkState.LastError.
var (
	errDown          = errors.New("the network is down")
	errNoDestination = errors.New("no destination on this network")
)
