package main

import (
	"reflect"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

func commandsPage(f *facts, m *markdown) {
	for _, command := range f.commands.Leaves(true) {
		m.item("[" + command.FullPath() + "](#" + strings.ReplaceAll(command.FullPath(), " ", "-") + "): " + sentence(command.Help))
	}
	m.paragraph("\nEvery flag may be given as the environment variable that is named with it; the flag wins. " +
		"The exit code is 0 for success, 1 for what was tried and did not succeed, 2 for a wrong command line.")
	for _, command := range f.commands.Leaves(true) {
		m.heading(2, command.FullPath())
		m.paragraph(sentence(command.Help))
		m.block(f.commands.Name + " " + command.Summary())
		if command.Detail != "" {
			m.block(command.Detail)
		}
		var rows [][]string
		for _, a := range command.Positional {
			rows = append(rows, []string{code(a.Summary()), sentence(a.Help)})
		}
		m.table([]string{"Argument", "Meaning"}, rows)
		if command.Name == "serve" {
			m.paragraph("The flags are in [Configuration](configuration.md).")
			continue
		}
		flags(m, command, false)
	}
}

func configurationPage(f *facts, m *markdown) {
	m.paragraph("These are the flags of `patchbay serve`. Each may be given as flag, as environment variable, and by the flag's name without `--` as a key of the YAML file " +
		"that `--config` names; the first of these that is there wins.")
	for _, command := range f.commands.Leaves(true) {
		if command.Name == "serve" {
			flags(m, command, true)
		}
	}
	m.heading(2, "Gateway and credentials")
	m.paragraph("The address below is what `--gateway` says. " + f.environment)
	m.heading(2, "Secrets")
	m.paragraph(f.comments.about("engine/secret"))
	m.heading(2, "Traces")
	m.paragraph(f.comments.about("server/tracing"))
}

// flags lists a command's flags, with the key in the configuration file if they
// have one.
func flags(m *markdown, command *kong.Node, keys bool) {
	var rows [][]string
	for _, flag := range command.Flags {
		if flag.Hidden || flag.Name == "help" {
			continue
		}
		key := ""
		if keys && flag.Name != "config" {
			key = flag.Name
		}
		rows = append(rows, []string{code(usage(flag)), codes(flag.Envs), code(key), code(flag.Default), sentence(flag.Help)})
	}
	m.table([]string{"Flag", "Environment", "Key", "Default", "Meaning"}, rows)
}

// usage is a flag with its value, as on a command line.
func usage(flag *kong.Flag) string {
	text := "--" + flag.Name
	switch {
	case flag.IsBool():
		return text
	case flag.Enum != "":
		return text + "=" + strings.ReplaceAll(flag.Enum, ",", "|")
	case flag.PlaceHolder != "":
		return text + "=" + flag.PlaceHolder
	case flag.Target.Type() == reflect.TypeFor[time.Duration]():
		return text + "=DURATION"
	case flag.Target.CanInt():
		return text + "=N"
	}
	return text + "=" + strings.ToUpper(flag.Name[strings.LastIndex(flag.Name, "-")+1:])
}
