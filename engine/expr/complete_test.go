package expr

import (
	"context"
	"slices"
	"strings"
	"testing"

	"patchbay/protocols/value"
)

const completionDocument = `{"order": {"items": [{"price": 2, "product-no": "a"}], "id": 7}, "customer": {"name": "Zoë"}, "größe": 3}`

func TestComplete(t *testing.T) {
	tests := []struct{ before, word, want string }{
		{`.`, "", "customer \"größe\" order"},
		{`.or`, "or", "order"},
		{`.order.`, "", "id items"},
		{`.order.items[].`, "", `price "product-no"`},
		{`.order.items[0].pr`, "pr", `price "product-no"`},
		{`.order.items | map(.p`, "p", `price "product-no"`},
		{`.order | .items | map(select(.price > 1 and .`, "", `price "product-no"`},
		{`{id: .order.id, name: .customer.`, "", "name"},
		{`[.order.items[] | .`, "", `price "product-no"`},
		{`.order as $o | .cust`, "cust", "customer"},
		{`.order |= .i`, "i", "id items"},
		{`.customer | with_entries(.`, "", "key value"},
		{`"a. .`, "", ""},
		{`# .`, "", ""},
		{`.order.items | map(.price) | ad`, "ad", "add"},
		{`bpmnE`, "bpmnE", "bpmnError"},
		{`=cust`, "cust", "customer"},
		{`=gr`, "gr", "größe"},
		{`=order.`, "", "id items"},
		{`=order.items.`, "", "price `product-no`"},
		{`=order.items[1].pr`, "pr", "price `product-no`"},
		{`=substring b`, "b", "backoff before between bpmnError"},
		{`=some`, "some", "some"},
		{`=order.nothing.`, "", ""},
		{`halt`, "halt", ""},
	}
	document, err := value.Decode([]byte(completionDocument))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		word, list := Complete(context.Background(), test.before, document)
		var names []string
		for _, c := range list {
			names = append(names, c.Text)
		}
		slices.Sort(names)
		want := strings.Fields(test.want)
		slices.Sort(want)
		if word != test.word || !slices.Equal(names, want) {
			t.Errorf("%s: word %q and %q, want %q and %q", test.before, word, names, test.word, want)
		}
	}
}

// TestFunctionsCompile checks that what is offered may be called.
func TestFunctionsCompile(t *testing.T) {
	slot := Slot{Decisions: true, Documents: true}
	for _, f := range Functions(JQ) {
		for signature := range strings.SplitSeq(f.Detail, "\n") {
			name, arity, _ := strings.Cut(signature, "/")
			if arity != "0" {
				name += "(." + strings.Repeat("; .", int(arity[0]-'1')) + ")"
			}
			if _, err := Compile(slot, name, Limits{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := len(Functions(FEEL)); n < 80 {
		t.Errorf("only %d functions of FEEL", n)
	}
}

func FuzzComplete(f *testing.F) {
	for _, seed := range []string{`.a | map(.`, `=a.b.`, `"\(`, `[{(|=`, `.["x"].`} {
		f.Add(seed)
	}
	document, err := value.Decode([]byte(completionDocument))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before string) {
		word, _ := Complete(context.Background(), before, document)
		if !strings.HasSuffix(before, word) {
			t.Errorf("%q does not end in %q", before, word)
		}
	})
}
