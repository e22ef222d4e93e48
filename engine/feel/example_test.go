package feel_test

import (
	"context"
	"errors"
	"fmt"

	"patchbay/engine/feel"
)

func ExampleCompile() {
	program, err := feel.Compile(`{total: sum(items.price), cheap: items[price < 10].name, vip: customer.level = "gold"}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	variables := feel.ScopeOf(map[string]any{
		"items": []any{map[string]any{"name": "pen", "price": 1.5}, map[string]any{"name": "desk", "price": 199}},
	})
	result, err := program.Eval(context.Background(), variables)
	fmt.Println(string(result.Value.JSON()), err)
	for _, w := range result.Warnings {
		fmt.Println(w.Code, w.Message)
	}
	// Output:
	// {"total":200.5,"cheap":["pen"],"vip":false} <nil>
	// NO_VARIABLE_FOUND No variable found with name 'customer'
}

func ExampleSyntaxError() {
	_, err := feel.Compile("if total > 100\nthen \"big\" else")
	var syntax *feel.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(syntax)
		fmt.Println(syntax.Caret())
	}
	// Output:
	// 2:16: expected an expression but found the end of the expression
	// then "big" else
	//                ^
}

func ExampleWithFunctions() {
	double := feel.Function{
		Name: "double", Params: []string{"n"},
		Call: func(_ context.Context, args []feel.Value) (feel.Value, error) {
			n, ok := args[0].AsInt64()
			if !ok {
				return feel.Value{}, fmt.Errorf("double expects a number but got %s", args[0].TypeName())
			}
			return feel.Int(2 * n), nil
		},
	}
	for _, src := range []string{`double(21)`, `double(n: "x")`} {
		program, err := feel.Compile(src, feel.WithFunctions(double))
		if err != nil {
			fmt.Println(err)
			continue
		}
		result, err := program.Eval(context.Background(), nil)
		fmt.Println(result.Value, err)
	}
	// Output:
	// 42 <nil>
	// null evaluating "double(n: \"x\")": double expects a number but got STRING
}
