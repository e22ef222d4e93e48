package cli

import (
	"context"
	"errors"
	"fmt"

	"patchbay/server/webmodeler"
)

type templatePushCmd struct {
	Files    []string `arg:"" name:"file" help:"Template files, each with one template."`
	Project  string   `required:"" placeholder:"ID" help:"Id of the project, as its address in the Web Modeler has it."`
	Folder   string   `placeholder:"ID" help:"Id of a folder of the project, for new files."`
	FileType string   `enum:"connector_template,element_template" default:"connector_template" help:"What the Web Modeler calls templates: ${enum} (the second from 8.10 on)."`

	WebModeler   string `env:"CAMUNDA_MODELER_BASE_URL" default:"https://modeler.cloud.camunda.io/api" placeholder:"URL" help:"Address of the Web Modeler's API; self-managed http://localhost:8070/api."`
	ModelerToken string `env:"PATCHBAY_MODELER_TOKEN" placeholder:"T" help:"Bearer token, instead of a client's credentials."`
	ClientID     string `name:"client-id" env:"CAMUNDA_CONSOLE_CLIENT_ID,CAMUNDA_CLIENT_ID,ZEEBE_CLIENT_ID" placeholder:"ID" help:"Id of a client with permissions for the Web Modeler API."`
	ClientSecret string `env:"CAMUNDA_CONSOLE_CLIENT_SECRET,CAMUNDA_CLIENT_SECRET,ZEEBE_CLIENT_SECRET" placeholder:"SECRET" help:"Its secret."`
	OAuthURL     string `name:"oauth-url" env:"CAMUNDA_OAUTH_URL" default:"https://login.cloud.camunda.io/oauth/token" placeholder:"URL" help:"Where the client gets its tokens."`
	Audience     string `env:"CAMUNDA_CONSOLE_OAUTH_AUDIENCE,CAMUNDA_MODELER_OAUTH_AUDIENCE" placeholder:"NAME" help:"Audience of the tokens: api.cloud.camunda.io in SaaS."`
}

func (templatePushCmd) Help() string {
	return `Example: patchbay template push-web-modeler rates.json --project 0d6d4fd5-2b5a-4c0f-9a3e-7d1f0d7a7f0e

Creates a file for each template in a project of Camunda's Web Modeler, or replaces the file's content. Its API cannot
publish: press Publish there, and diagrams see the template.`
}

func (c *templatePushCmd) Run(ctx context.Context, s Streams) error {
	if c.ModelerToken == "" && (c.ClientID == "" || c.ClientSecret == "") {
		return usage(errors.New("the Web Modeler asks who calls: give --modeler-token, or --client-id and --client-secret"))
	}
	client, err := webmodeler.New(ctx, webmodeler.Options{BaseURL: c.WebModeler, Token: c.ModelerToken, TokenURL: c.OAuthURL,
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Audience: c.Audience})
	if err != nil {
		return usage(err)
	}
	for _, file := range c.Files {
		list, err := readTemplates(file)
		if err != nil {
			return err
		}
		if len(list) != 1 {
			return fmt.Errorf("push %s: it holds %s, but a file of the Web Modeler has one (patchbay template pull --format files writes such files)", file, plural(len(list), "template"))
		}
		pushed, err := client.Push(ctx, list[0], webmodeler.Target{Project: c.Project, Folder: c.Folder, FileType: c.FileType})
		if err != nil {
			return fmt.Errorf("push %s: %w", file, err)
		}
		fmt.Fprintf(s.Out, "%s %s as file %s\n", pushed.Outcome, list[0].Ref(), pushed.File)
		if pushed.ID != list[0].ID {
			fmt.Fprintf(s.Err, "warning: the Web Modeler gave the template the id %q; elements that it is applied to there know it by this one\n", pushed.ID)
		}
	}
	return nil
}
