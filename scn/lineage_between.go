package scn

import (
	"cmp"
	"slices"
)

// Between gives the intervals in which exactly one of two lineages sees versions, ascending. A key without a version
// in any of them is the same for both readers: among the versions that it has, each of them sees the newest on its
// lineage, and those are the same versions.
func Between(a, b Lineage) []Interval {
	var out []Interval
	for _, space := range spacesOf(a, b) {
		cuts := cutsOf(space, a, b)
		for i := 1; i < len(cuts); i++ {
			bottom, top := cuts[i-1], cuts[i]
			if a.Sees(space, top) == b.Sees(space, top) {
				continue
			}
			if n := len(out); n > 0 && out[n-1].Space == space && out[n-1].Top == bottom {
				out[n-1].Top = top
				continue
			}
			out = append(out, Interval{Space: space, Bottom: bottom, Top: top})
		}
	}
	return out
}

func spacesOf(lineages ...Lineage) (spaces []Space) {
	for _, l := range lineages {
		for _, i := range l {
			spaces = append(spaces, i.Space)
		}
	}
	slices.SortFunc(spaces, cmp.Compare)
	return slices.Compact(spaces)
}

// cutsOf lists where intervals of a space begin and end.
func cutsOf(space Space, lineages ...Lineage) (cuts []SCN) {
	for _, l := range lineages {
		for _, i := range l {
			if i.Space == space {
				cuts = append(cuts, i.Bottom, i.Top)
			}
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}
