package app

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/store/ledgers"
)

const (
	// followEvery is how often a node asks which orders bind it, and what changed.
	followEvery = 500 * time.Millisecond
	// withoutOrders is how long work on no faces and voices goes on while nobody can say which orders bind.
	withoutOrders = 10 * time.Minute
)

// openOrders opens the control orders, and reads those in force once, so that nothing is served in ignorance of them.
func (s *Server) openOrders(ctx context.Context) error {
	s.orders = incident.NewCommand(ledgers.Of[incident.Order](s.store, incident.OrderLedger), ledgers.Of[incident.Ack](s.store, incident.AckLedger), s.recorder)
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	id, err := s.recorder.NewID()
	if err != nil {
		return err
	}
	ticker := time.NewTicker(followEvery)
	s.close = append(s.close, func() error { ticker.Stop(); return nil })
	s.watch, err = incident.NewWatch(incident.WatchConfig{Orders: s.orders, Node: host + "/" + id, Now: time.Now, Tick: ticker.C, Bound: withoutOrders,
		Report: func(err error) { s.log.Error("orders", "error", err) }})
	if err != nil {
		return err
	}
	return s.watch.Read(ctx)
}

// expireOrders records that orders are over by their time.
func (s *Server) expireOrders(ctx context.Context) error { return s.orders.Expire(ctx) }

// followChanges has this node follow the orders and what else admission asks, also while what runs is let end. What it
// returns ends that.
func (s *Server) followChanges(ctx context.Context) (end func()) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	all.Go(func() { s.watch.Run(ctx) })
	all.Go(func() { s.gate.Follow(ctx) })
	if s.models.proxy != nil {
		all.Go(func() { s.models.proxy.Follow(ctx) })
		all.Go(func() { s.checkModels(ctx) })
	}
	return func() { stop(); all.Wait() }
}
