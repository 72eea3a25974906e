// A layered drawing of a DAG, top to bottom: longest-path layers, order within a layer by
// barycentres, then places that pull each box towards its neighbours. Integers only, so that the
// result is the same on every machine. Knows boxes and arrows, nothing of plans.
//
// Method: K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system
// structures", 1981. The places of one layer are an isotonic regression (pool adjacent violators),
// which is the least-squares optimum under the order and the minimal distances.
#pragma once

#include <cstdint>
#include <vector>

namespace fleet::plan {

struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
};

struct BoxSize {
  std::int64_t width = 0;
  std::int64_t height = 0;
};

// `from` < `to`: boxes come in topological order.
struct Arrow {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

struct Layout {
  std::vector<Point> corners;              // of each box, top left
  std::vector<std::vector<Point>> routes;  // of each arrow: from bottom centre to top centre, in
                                           // pairs that lie in one gap between layers
  BoxSize size;                            // of the whole drawing, margins included
};

Layout lay_out(const std::vector<BoxSize>& boxes, const std::vector<Arrow>& arrows);

}  // namespace fleet::plan
