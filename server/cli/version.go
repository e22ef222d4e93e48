package cli

import (
	"fmt"
	"runtime"

	"patchbay/server"
)

type versionCmd struct{}

func (versionCmd) Run(s Streams) error {
	fmt.Fprintf(s.Out, "patchbay %s %s %s/%s\n", server.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
