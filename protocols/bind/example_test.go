package bind_test

import (
	"encoding/json"
	"fmt"

	"patchbay/protocols/bind"
)

type order struct {
	Customer string   `bind:"customer,required" doc:"Who orders."`
	Priority string   `bind:"priority" enum:"low high" default:"low" doc:"How soon."`
	Items    []string `bind:"items" doc:"What is ordered."`
	Count    int      `bind:"count" doc:"How many of each."`
}

func ExampleBind() {
	var in order
	bind.Defaults(&in)
	err := bind.Bind(map[string]any{"customer": json.Number("17"), "items": "pen", "count": "3", "other": true}, &in)
	fmt.Printf("%+v %v\n", in, err)

	fmt.Println(bind.Bind(map[string]any{"customer": "c", "priority": "soon"}, &in))
	// Output:
	// {Customer:17 Priority:low Items:[pen] Count:3} <nil>
	// priority: expected one of low, high but got "soon"
}

func ExampleFields() {
	for _, f := range bind.Fields(&order{}) {
		fmt.Println(f.Name, f.Type, f.Required, f.Doc)
	}
	// Output:
	// customer string true Who orders.
	// priority string false How soon.
	// items list false What is ordered.
	// count integer false How many of each.
}
