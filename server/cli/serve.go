package cli

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/alecthomas/kong"

	"patchbay/server"
)

type serveCmd struct {
	Settings server.Config   `embed:""`
	Config   kong.ConfigFlag `placeholder:"FILE" help:"YAML file whose keys are these flags' names; flags and PATCHBAY_* variables win."`
}

func (serveCmd) Help() string {
	return `Examples:
  patchbay serve                                  an embedded engine on 127.0.0.1:26500
  patchbay serve --gateway zeebe:26500 --database postgres://patchbay@db/patchbay

Deploy with patchbay deploy or a modeler, publish templates with patchbay template publish.`
}

func (c *serveCmd) Run(ctx context.Context, s Streams) error {
	log := newLog(s, c.Settings.LogLevel, c.Settings.LogFormat)
	sv, err := server.New(ctx, c.Settings, log)
	if err != nil {
		return err
	}
	server.TuneCollector()
	fmt.Fprintf(s.Out, "patchbay listens on http://%s\n", sv.Address())
	if address := sv.EngineAddress(); address != "" {
		fmt.Fprintf(s.Out, "embedded engine: gateway on %s\n", address)
	} else { // the environment may have said it
		fmt.Fprintf(s.Out, "no embedded engine: the gateway is %s\n", sv.GatewayAddress())
	}
	return sv.Run(ctx)
}

func newLog(s Streams, level, format string) *slog.Logger {
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // the flag's enum allows no other
	options := &slog.HandlerOptions{Level: least}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(s.Err, options))
	}
	return slog.New(slog.NewTextHandler(s.Err, options))
}
