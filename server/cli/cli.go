// Package cli is patchbay's command line: one struct per command, whose fields
// are its flags and whose Run method does the work. Commands print results to
// standard output and everything else to standard error, so that a script can
// read the one and a person the other.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"patchbay/engine/zeebe"
)

// Streams are a command's three streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Color allows colours on Out: it is a terminal that has them, and NO_COLOR
	// is not set.
	Color bool
}

// OS returns the streams of this process.
func OS() Streams {
	color := isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Color: color}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Exit codes of every command.
const (
	exitOK    = 0
	exitFail  = 1 // it was tried and did not succeed
	exitUsage = 2 // the command line is wrong; nothing was tried
)

type commands struct {
	Run      runCmd         `cmd:"" help:"Run one process instance on a fresh embedded engine, with real connectors."`
	Serve    serveCmd       `cmd:"" help:"Serve connectors, the template catalog and, without --gateway, an embedded engine."`
	Eval     evalCmd        `cmd:"" help:"Evaluate a FEEL (=...) or jq expression."`
	Deploy   deployCmd      `cmd:"" help:"Deploy processes to a Zeebe gateway."`
	Start    startCmd       `cmd:"" help:"Start a process instance."`
	Template templateCmd    `cmd:"" help:"Check, apply and publish connector templates."`
	Inbound  inboundCmd     `cmd:"" help:"List, pause, resume and restart the inbound connectors of a running server."`
	Letters  deadLettersCmd `cmd:"" name:"dead-letters" help:"List, replay and discard messages that no process accepted."`
	Audit    auditCmd       `cmd:"" help:"Tell who changed what on a running server."`
	Version  versionCmd     `cmd:"" help:"Print the version."`
}

const description = `Connectors for processes on Zeebe (Camunda 8): one binary, driven by element templates and jq.

    patchbay run process.bpmn --stub stub.json       try a process here, now
    patchbay serve                                   a connector server with an embedded engine
    patchbay serve --gateway zeebe:26500             beside a Zeebe cluster`

// Main runs one command line, without the program's name, and returns its exit
// code. An interrupt or termination signal ends the command in good order.
func Main(args []string, s Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, s)
}

// commandName is the last word of the command, for commands that share a type.
type commandName string

// exited carries kong's own exit (help) out of the parser.
type exited int

func run(ctx context.Context, args []string, s Streams) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exited:
			code = int(r)
		default:
			panic(r)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parser, err := newParser(s)
	if err != nil {
		return report(s, err, nil)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return report(s, usage(err), at(err))
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(commandName(parsed.Selected().Name))
	return report(s, parsed.Run(s), parsed.Selected())
}

// at is the command that an error of the command line is about, nil without one.
func at(err error) *kong.Node {
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) || wrong.Context == nil {
		return nil
	}
	return wrong.Context.Selected()
}

func newParser(s Streams) (*kong.Kong, error) {
	return kong.New(&commands{},
		kong.Name("patchbay"), kong.Description(description),
		kong.Writers(s.Out, s.Err), kong.Exit(func(code int) { panic(exited(code)) }),
		kong.DefaultEnvars("PATCHBAY"), kong.Vars{"default_gateway": zeebe.DefaultAddress}, kong.Configuration(readConfig),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: false, WrapUpperBound: 110}),
		kong.ValueFormatter(helpOf),
		kong.ShortUsageOnError())
}

// helpOf is a flag's or argument's help with the default that its placeholder
// hides and its environment variables.
func helpOf(v *kong.Value) string {
	var more []string
	if v.Flag != nil && v.Flag.PlaceHolder != "" && v.Default != "" {
		more = append(more, "default "+v.Default)
	}
	for _, name := range v.Tag.Envs {
		more = append(more, "$"+name)
	}
	if len(more) == 0 {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " (" + strings.Join(more, ", ") + ")."
}

// Model describes all commands with their flags and arguments.
func Model() (*kong.Application, error) {
	parser, err := newParser(Streams{Out: io.Discard, Err: io.Discard})
	if err != nil {
		return nil, err
	}
	return parser.Model, nil
}

// failure is an error with an exit code of its own.
type failure struct {
	code int
	err  error // nil: everything has been said
}

func (f *failure) Error() string { return fmt.Sprint(f.err) }
func (f *failure) Unwrap() error { return f.err }

// usage marks an error of the command line itself.
func usage(err error) error { return &failure{exitUsage, err} }

// said is the end of a command that failed and has told so already.
func said() error { return &failure{exitFail, nil} }

// report tells what went wrong with a command, nil for none, and returns the
// exit code.
func report(s Streams, err error, command *kong.Node) int {
	if err == nil {
		return exitOK
	}
	code := exitFail
	var f *failure
	if errors.As(err, &f) {
		code, err = f.code, f.err
	}
	if err != nil {
		fmt.Fprintf(s.Err, "patchbay: %v\n", err)
	}
	if code == exitUsage {
		name := "patchbay"
		if command != nil {
			name = command.FullPath()
		}
		fmt.Fprintf(s.Err, "see %s --help\n", name)
	}
	return code
}
