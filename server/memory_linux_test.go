package server

import (
	"os"
	"reflect"
	"testing"
)

const smaps = `00400000-0188a000 r-xp 00000000 fe:00 10503634                           /opt/my patchbay
Size:              21032 kB
Anonymous:             0 kB
0188a000-02e85000 r--p 0148a000 fe:00 10503634                           /opt/my patchbay
Anonymous:             0 kB
02000000-02100000 r--p 0248a000 fe:00 10503634                           /opt/my patchbay
Anonymous:             4 kB
02e85000-03027000 rw-p 02a85000 fe:00 10503634                           /opt/my patchbay
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 fe:00 77                         /lib/libc.so
Anonymous:             0 kB
7f0000002000-7f0000003000 rw-p 00000000 00:00 0
Anonymous:             0 kB
`

func TestMappings(t *testing.T) {
	want := []mapping{{0x400000, 0x188a000}, {0x188a000, 0x2e85000}}
	if got := mappings([]byte(smaps), "/opt/my patchbay"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	for _, text := range []string{"", "-\n", "x-y r-xp 0 0 0 /p\nAnonymous: 0 kB\n", "2-1 r-xp 0 0 0 /p\nAnonymous: 0 kB\n", "1-2 r 0 0 0 /p\nAnonymous:\n"} {
		if got := mappings([]byte(text), "/p"); got != nil {
			t.Errorf("%q: got %x", text, got)
		}
	}
}

// A program that has forgotten its code goes on.
func TestForgetCode(t *testing.T) {
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip("the system does not tell what is mapped:", err)
	}
	program, _ := os.Readlink("/proc/self/exe")
	if len(mappings(text, program)) == 0 {
		t.Errorf("no code of %s found in\n%s", program, text)
	}
	forgetCode()
	forgetCode()
}
