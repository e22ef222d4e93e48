package enginetest

import (
	"os"
	"testing"

	"google.golang.org/grpc"

	"patchbay/engine/zeebe/embedded"
)

func TestEmbedded(t *testing.T) {
	e := embedded.New(embedded.Options{})
	t.Cleanup(e.Close)
	Run(t, Target{Address: "passthrough:embedded", Full: true, Options: []grpc.DialOption{grpc.WithContextDialer(e.DialContext)}})
}

// TestZeebe runs the suite on a real Zeebe; zeebe/start.sh starts one. ZEEBE_TEST_FULL=1 says that its gateway is complete.
func TestZeebe(t *testing.T) {
	address := os.Getenv("ZEEBE_TEST_ADDRESS")
	if address == "" {
		t.Skip("ZEEBE_TEST_ADDRESS is not set; zeebe/start.sh PORT starts a gateway to test")
	}
	Run(t, Target{Address: address, Full: os.Getenv("ZEEBE_TEST_FULL") != ""})
}
