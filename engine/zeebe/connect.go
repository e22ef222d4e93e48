package zeebe

import (
	"fmt"

	"google.golang.org/grpc"
)

// Connect returns a bare connection to the gateway that the options name, with
// its transport security but without credentials: those of whoever calls through
// it are forwarded. The caller closes it.
func (o Options) Connect() (*grpc.ClientConn, error) {
	o = o.withDefaults()
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(o.target(), append(o.dialOptions(), grpc.WithTransportCredentials(transport))...)
	if err != nil {
		return nil, fmt.Errorf("gateway address %q: %w", o.Address, err)
	}
	return conn, nil
}
