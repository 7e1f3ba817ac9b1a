package main

import "slices"

// series is what was measured, by name, one value a round.
type series map[string][]float64

func (s series) add(name string, v float64) { s[name] = append(s[name], v) }

// median of a series, or 0 without values.
func (s series) median(name string) float64 { return median(s[name]) }

// ratio is the median of the ratios of two series in the same rounds: what
// slows a whole round down cancels out.
func (s series) ratio(name, to string) float64 {
	ratios := slices.Clone(s[name])
	for i := range ratios {
		ratios[i] /= s[to][i]
	}
	return median(ratios)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
