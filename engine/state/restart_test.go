package state

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"patchbay/engine/inbound"
	"patchbay/engine/zeebe"
	"patchbay/engine/zeebe/source"
	"patchbay/protocols"
)

const process = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="p" isExecutable="true"><startEvent id="s"><extensionElements><zeebe:properties>
<zeebe:property name="inbound.type" value="test:listen"/></zeebe:properties></extensionElements></startEvent></process></definitions>`

// listener sends one event and then listens.
type listener struct{ active chan<- struct{} }

func (l listener) Receive(ctx context.Context, ready func(), handle protocols.Handler) error {
	ready()
	if _, err := handle(ctx, protocols.Event{Value: map[string]any{}}); err != nil {
		return err
	}
	l.active <- struct{}{}
	<-ctx.Done()
	return nil
}

type gateway struct{}

func (gateway) CreateInstance(context.Context, zeebe.NewInstance) (zeebe.Instance, error) {
	return zeebe.Instance{Key: 7}, nil
}

func (gateway) CreateInstanceWithResult(context.Context, zeebe.NewInstance, ...string) (zeebe.Instance, error) {
	return zeebe.Instance{}, nil
}

func (gateway) Publish(context.Context, protocols.Message) (int64, error) { return 0, nil }

// start runs a manager on the state until its only executable is active, lets
// look see it, and ends it.
func start(t *testing.T, s *State, seen *source.Seen, look func(*inbound.Manager)) {
	t.Helper()
	active := make(chan struct{}, 1)
	registry, err := protocols.NewRegistry(protocols.Protocol{Name: "listen", InboundTypes: []string{"test:listen"},
		Inbound: func(protocols.InboundHost, any) (protocols.Inbound, error) { return listener{active}, nil }})
	check(t, err)
	m := inbound.NewManager(inbound.Options{Registry: registry, Sources: []source.Source{seen}, Gateway: gateway{}, Store: s, Leases: s,
		Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	<-active
	look(m)
	cancel()
	check(t, <-ended)
}

// A process that is started again knows what was deployed, and what its
// executables did.
func TestRestart(t *testing.T) {
	onEach(t, func(t *testing.T, open func() *State) {
		s := open()
		seen := source.NewSeen(s, source.SeenOptions{Refresh: time.Hour})
		check(t, seen.Deployed(t.Context(), source.Deployed{Process: source.Process{ID: "p"}, Key: 11, Version: 1, XML: []byte(process)}))
		var id string
		start(t, s, seen, func(m *inbound.Manager) { id = m.Executables()[0].ID })

		s = open()
		start(t, s, source.NewSeen(s, source.SeenOptions{}), func(m *inbound.Manager) {
			x, err := m.Executable(id)
			check(t, err)
			created := 0
			for i, e := range x.Activity {
				if e.Message == "process instance created" && e.Data["processInstanceKey"] == "7" {
					created++
				}
				if i > 0 && (e.Seq <= x.Activity[i-1].Seq || e.Time.Before(x.Activity[i-1].Time)) {
					t.Errorf("entry %d is out of order: %+v", i, x.Activity)
				}
			}
			if created != 2 {
				t.Errorf("activity: %+v", x.Activity)
			}
		})
	})
}
