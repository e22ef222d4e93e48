package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"patchbay": func() { os.Exit(Main(os.Args[1:], OS())) }})
}

// TestScripts runs the command lines of testdata/script; each file is a task
// or a kind of bad input.
func TestScripts(t *testing.T) {
	examples, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples+"/../../examples")
			return nil
		},
		Cmds:            map[string]func(*testscript.TestScript, bool, []string){"ready": ready, "target": target, "post": post, "until": until},
		UpdateScripts:   os.Getenv("UPDATE_SCRIPTS") != "",
		ContinueOnError: true,
	})
}

// until repeats a command until what it prints matches a pattern:
//
//	until PATTERN COMMAND [ARG...]
func until(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND [ARG...]")
	}
	pattern := regexp.MustCompile(args[0])
	for limit := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		out := ts.ReadFile("stdout")
		if err == nil && pattern.MatchString(out) {
			return
		}
		if time.Now().After(limit) {
			ts.Fatalf("%q did not come; the last answer (%v) was:\n%s", args[0], err, out)
		}
	}
}

// TestColor: results go to standard output, so colours are its affair alone.
func TestColor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	device, err := os.OpenFile(os.DevNull, os.O_RDWR, 0) // a character device, as terminals are
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	defer func(out, errs *os.File) { os.Stdout, os.Stderr = out, errs }(os.Stdout, os.Stderr)
	for _, test := range []struct {
		name      string
		out, errs *os.File
		env       [2]string
		want      bool
	}{
		{"terminal", device, file, [2]string{"TERM", "xterm"}, true},
		{"file", file, device, [2]string{"TERM", "xterm"}, false},
		{"NO_COLOR", device, device, [2]string{"NO_COLOR", "1"}, false},
		{"dumb terminal", device, device, [2]string{"TERM", "dumb"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", "")
			t.Setenv(test.env[0], test.env[1])
			os.Stdout, os.Stderr = test.out, test.errs
			if got := OS().Color; got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestHelpHasDefaults: a default shows although the flag names what its value is.
func TestHelpHasDefaults(t *testing.T) {
	var out strings.Builder
	if code := run(t.Context(), []string{"serve", "--help"}, Streams{Out: &out, Err: &out}); code != exitOK {
		t.Fatalf("exit %d: %s", code, out.String())
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"(default 127.0.0.1:8086, $PATCHBAY_LISTEN)", "name ($PATCHBAY_DATABASE)", "--drain=20s"} {
		if !strings.Contains(text, want) {
			t.Errorf("the help lacks %q:\n%s", want, out.String())
		}
	}
}

// TestHelpHasExamples: whoever asks for a command's help can copy a line of it.
func TestHelpHasExamples(t *testing.T) {
	model, err := Model()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range model.Leaves(true) {
		if line := command.FullPath(); line != "patchbay version" && !strings.Contains(command.Detail, line) {
			t.Errorf("the help of %q shows no line that begins so", line)
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"a":1}`, ""},
		{"{\"a\":\"\xff\"}", "the text is not UTF-8"},
		{`[1]`, "expected an object but got: array"},
		{`{"a":1} x`, "line 1, column 9: text after the end of the JSON document"},
		{"{\n\"a\":}", "line 2, column 5: invalid character '}' looking for beginning of value"},
		{`{`, "the JSON document ends early"},
	} {
		var target map[string]any
		got := ""
		if err := decodeJSON([]byte(test.text), &target); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}
