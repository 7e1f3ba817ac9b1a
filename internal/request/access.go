package request

import (
	"context"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
)

// AccessLog returns an observer that writes a line for each request. Clients are networks in
// it, or whole addresses.
func AccessLog(log zerolog.Logger, wholeAddresses bool) func(context.Context, *Observed) {
	return func(_ context.Context, o *Observed) {
		line := log.Info().Str("event", "request").Str("request_id", o.RequestID).Str("method", o.Method).Str("route", o.Route)
		for _, more := range [...]struct{ name, value string }{
			{"operation", o.Operation}, {"outcome", string(o.Outcome)}, {"code", o.Code},
		} {
			if more.value != "" {
				line.Str(more.name, more.value)
			}
		}
		line.Int("status", o.Status).Dur("took_ms", o.Took)
		client := auth.Client{Addr: o.Client}
		if network := client.Network(); wholeAddresses && network != nil {
			line.Str("client", o.Client.Unmap().WithZone("").String())
		} else if network != nil {
			line.Str("client", *network)
		}
		if o.TraceID != "" {
			line.Str("trace_id", o.TraceID)
		}
		if o.CallerTraceID != "" {
			line.Str("caller_trace_id", o.CallerTraceID)
		}
		line.Msg("request")
	}
}
