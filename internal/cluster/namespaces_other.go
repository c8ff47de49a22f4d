//go:build !linux

package cluster

import "errors"

func newNamespaces() (place, error) {
	return nil, errors.New("cluster: network namespaces are a thing of Linux")
}
