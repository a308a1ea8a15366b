package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// searchAttributes are what Steward's workflows can be found by; no personal
// data is among them.
func searchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		"StewardDefinition": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"StewardStep":       enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"StewardStatus":     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"StewardDue":        enumspb.INDEXED_VALUE_TYPE_DATETIME,
	}
}

// createNamespace writes a missing namespace straight into the store, before the
// server runs: one registered through the API takes seconds to be seen.
func createNamespace(s *store, opts options) error {
	namespace, err := sqlite.NewNamespaceConfig(clusterName, opts.namespace, false, searchAttributes())
	if err != nil {
		return fmt.Errorf("describe namespace %s: %w", opts.namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(opts.retention)
	if err := sqlite.CreateNamespaces(s.sql(coreDatabase), namespace); err != nil {
		return fmt.Errorf("create namespace %s: %w", opts.namespace, err)
	}
	return nil
}

// readyPatience bounds the wait for a started server to answer.
const readyPatience = time.Minute

// ensureNamespace waits until the server serves the namespace and brings one of
// an earlier version up to what this one wants.
func ensureNamespace(ctx context.Context, opts options) error {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	c, err := client.NewLazyClient(client.Options{
		HostPort: address(opts.port), Namespace: opts.namespace, Logger: silent{},
	})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	defer c.Close()
	var described *workflowservice.DescribeNamespaceResponse
	err = until(ctx, func() error {
		described, err = c.WorkflowService().DescribeNamespace(ctx,
			&workflowservice.DescribeNamespaceRequest{Namespace: opts.namespace})
		return err
	})
	if err != nil {
		return fmt.Errorf("wait for namespace %s: %w", opts.namespace, err)
	}
	if err := ensureRetention(ctx, c, opts, described); err != nil {
		return err
	}
	return ensureAttributes(ctx, c, opts.namespace)
}

func ensureRetention(ctx context.Context, c client.Client, opts options, found *workflowservice.DescribeNamespaceResponse) error {
	if found.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() == opts.retention {
		return nil
	}
	_, err := c.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: opts.namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(opts.retention)},
	})
	if err != nil {
		return fmt.Errorf("set the retention of namespace %s to %s: %w", opts.namespace, opts.retention, err)
	}
	return nil
}

func ensureAttributes(ctx context.Context, c client.Client, namespace string) error {
	found, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := searchAttributes()
	for name := range found.GetCustomAttributes() {
		delete(missing, name)
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}

// silent drops the client's messages: this program's output is for its starter.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

var _ sdklog.Logger = silent{}
