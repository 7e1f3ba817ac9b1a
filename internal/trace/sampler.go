package trace

import (
	"encoding/binary"
	"strings"
)

// sampler decides of which traces there are spans: by OTEL_TRACES_SAMPLER's names, the default
// being parentbased_always_on.
type sampler struct {
	name  string
	ratio float64
}

// samples reports whether a trace is recorded. A trusted caller decides where the sampler
// asks the parent; others are not asked.
func (s sampler) samples(id traceID, from Caller) bool {
	name, asksParent := strings.CutPrefix(s.name, "parentbased_")
	if from.Trusted && (asksParent || name == "") {
		return from.sampled
	}
	switch name {
	case "always_off":
		return false
	case "traceidratio":
		// By the id, so that all services on the way decide alike: the last 63 of its bits.
		return float64(binary.BigEndian.Uint64(id[8:])>>1) < s.ratio*(1<<63)
	}
	return true
}
