package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// uiPatience bounds the wait for the Web UI's first answer.
const uiPatience = 20 * time.Second

// startUI serves Temporal's own Web UI and returns its address, or "none", and
// how to stop it. Nothing in it calls out: the news feed and the check for new
// versions are off.
func startUI(ctx context.Context, opts options) (string, func(), error) {
	if opts.uiPort == 0 {
		return "none", func() {}, nil
	}
	server := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: address(opts.port),
		Host:                loopback,
		Port:                opts.uiPort,
		EnableUI:            true,
		DefaultNamespace:    opts.namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain http on loopback
	}))
	go func() { _ = server.Start() }()
	ctx, cancel := context.WithTimeout(ctx, uiPatience)
	defer cancel()
	url := "http://" + address(opts.uiPort)
	if err := until(ctx, func() error { return get(ctx, url+"/healthz") }); err != nil {
		server.Stop()
		return "", nil, fmt.Errorf("wait for the Web UI at %s: %w", url, err)
	}
	return url, server.Stop, nil
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
