package proxy

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// frame is a message as it came.
type frame struct{ data mem.BufferSlice }

// codec leaves messages as they are. It has the name of the codec whose bytes
// it carries, which is a part of the content type.
type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	f, ok := v.(*frame)
	if !ok {
		return nil, fmt.Errorf("forward a message: unexpected %T", v)
	}
	// gRPC frees what it gets here, as it does what it handed to Unmarshal.
	return f.data, nil
}

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return fmt.Errorf("forward a message: unexpected %T", v)
	}
	data.Ref() // gRPC frees it when this returns
	f.data = data
	return nil
}

var _ encoding.CodecV2 = codec{}
