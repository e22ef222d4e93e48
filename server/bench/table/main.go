// Command table reads what `go test -bench` prints, several runs of a benchmark
// among them, and prints every figure that the project promises: its goal, what
// was measured, and whether that is enough. A figure of several runs is their
// median; one that compares two benchmarks is the median of the runs' pairs.
//
// It fails where a figure is missing. A goal that is missed is only marked,
// since what else the machine does decides too.
package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
)

func main() {
	m, err := read(os.Stdin)
	if err == nil {
		err = print(os.Stdout, m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// print writes the table, and what was recorded elsewhere below it.
func print(w io.Writer, m measured) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tGOAL\tMEASURED\t\tMADE OF")
	missing := 0
	for _, section := range sections {
		fmt.Fprintf(t, "\t\t\t\t\n%s\t\t\t\t\n", section.title)
		if _, ok := section.figures[0].value(m); !ok && section.title == withJava {
			fmt.Fprintf(t, "  %s\t\t\t\t\n", recorded)
			continue
		}
		for _, f := range section.figures {
			got, ok := f.value(m)
			if !ok {
				missing++
				fmt.Fprintf(t, "  %s\t%s\tnot measured\t\t\n", f.title, f.goal())
				continue
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", f.title, f.goal(), f.text(got), f.verdict(got), f.beside(m))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, recordedWebhook)
	if missing > 0 {
		return fmt.Errorf("%d figures were not measured", missing)
	}
	return nil
}

// recordedWebhook is what is not measured here.
const recordedWebhook = `
Recorded, not measured in this run (Camunda's Java connector runtime 8.8.7, warm, same load, two cores):
  webhook:  950 to 1,230 requests/s, 1,300 to 1,700 µs CPU a request, over 1,000 MB`
