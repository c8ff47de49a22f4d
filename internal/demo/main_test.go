package demo

import (
	"testing"

	"mpspread/internal/cluster"
	"mpspread/internal/role"
)

func TestMain(m *testing.M) {
	role.Main(m, map[string]role.Role{
		"daemon": role.Daemon(cluster.RunDaemon), "fragile": role.DiesAtCommand(cluster.RunDaemon), "failing": role.Fails,
	})
}
