// Patchbay is a connector server for processes that run on Zeebe (Camunda 8).
package main

import (
	"os"

	"patchbay/server/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.OS())) }
