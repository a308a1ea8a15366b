package main

import (
	"context"
	"fmt"
	"time"

	"steward/internal/advance"
	"steward/internal/app"
)

// installationFlags are those that every program of one installation has.
type installationFlags struct {
	databaseFlags
	poolFlags
	temporalFlags
	decideFlags
}

type serveCmd struct {
	installationFlags
	httpFlags
	intervalFlags
	Worker bool `env:"STEWARD_WORKER" help:"Also run processes, as steward worker does: one program for a small installation."`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, around *surroundings) error {
	config, err := c.config(around)
	if err != nil {
		return err
	}
	if config.API, err = c.apiConfig(); err != nil {
		return err
	}
	if config.Intervals, err = c.intervals(); err != nil {
		return err
	}
	config.Listen, config.People, config.Worker = c.Listen, c.people(), c.Worker
	return keepRunning(ctx, config)
}

type workerCmd struct {
	installationFlags
	intervalFlags
}

// Run works until it is told to stop.
func (c *workerCmd) Run(ctx context.Context, around *surroundings) error {
	config, err := c.config(around)
	if err != nil {
		return err
	}
	if config.Intervals, err = c.intervals(); err != nil {
		return err
	}
	config.Worker = true
	return keepRunning(ctx, config)
}

func (f installationFlags) config(around *surroundings) (app.Config, error) {
	connections, err := f.store()
	nudges, wrong := f.nudges()
	if err == nil {
		err = wrong
	}
	return app.Config{
		DatabaseURL: f.DatabaseURL, TemporalAddress: f.TemporalAddress, Namespace: f.TemporalNamespace, TaskQueue: f.TaskQueue,
		Decide: advance.Mode(f.Decide), Patience: f.Patience, Nudges: nudges, Store: connections, Tracing: around.tracing, Log: around.log,
	}, err
}

// keepRunning starts an App and stops it in order when ctx ends or a part of it fails.
func keepRunning(ctx context.Context, config app.Config) error {
	a, err := app.Start(ctx, config)
	if err != nil {
		return err
	}
	defer a.Stop()
	config.Log.InfoContext(ctx, "started", "version", versionOf(), "address", a.Addr, "worker", config.Worker, "decide", config.Decide)
	go lookForTemporal(ctx, a, config)
	select {
	case <-ctx.Done():
		config.Log.InfoContext(context.WithoutCancel(ctx), "stopping")
		return nil
	case err := <-a.Failed():
		return fmt.Errorf("stopped by itself: %w", err)
	}
}

// lookForTemporal says once, at the start, that Temporal cannot be used: it is no reason to stop, since people can work without it.
func lookForTemporal(ctx context.Context, a *app.App, config app.Config) {
	look, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.CheckTemporal(look); err != nil && ctx.Err() == nil {
		config.Log.WarnContext(ctx, "people can work, but nothing reminds or escalates: "+oneLine(err.Error()))
	}
}
