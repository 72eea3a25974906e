#include "dsl/plan/layout.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace fleet::plan {
namespace {

constexpr std::int64_t kMargin = 24;
constexpr std::int64_t kColumnGap = 28;
constexpr std::int64_t kLayerGap = 64;  // room for a label
constexpr std::int64_t kBendWidth = 24;
constexpr int kOrderSweeps = 12;
constexpr int kPlaceSweeps = 10;

// A box, or a bend where a long arrow passes a layer.
struct Vertex {
  std::size_t layer = 0;
  std::size_t position = 0;  // in its layer
  std::int64_t width = 0;
  std::int64_t x = 0;  // of the centre
  std::vector<std::size_t> up;
  std::vector<std::size_t> down;
};

// Binary indexed tree over positions: how many were inserted at or before one.
class Prefix {
 public:
  explicit Prefix(std::size_t size) : counts_(size + 1, 0) {}
  void insert(std::size_t position) {
    for (std::size_t i = position + 1; i < counts_.size(); i += i & (~i + 1)) {
      ++counts_[i];
    }
  }
  std::uint64_t up_to(std::size_t position) const {
    std::uint64_t sum = 0;
    for (std::size_t i = position + 1; i > 0; i -= i & (~i + 1)) {
      sum += counts_[i];
    }
    return sum;
  }

 private:
  std::vector<std::uint64_t> counts_;
};

class Drawing {
 public:
  Drawing(const std::vector<BoxSize>& boxes, const std::vector<Arrow>& arrows)
      : boxes_(boxes), arrows_(arrows) {}

  Layout make() {
    assign_layers();
    thread_arrows();
    order_layers();
    place();
    return finish();
  }

 private:
  struct Wish {
    std::int64_t place = 0;
    std::int64_t weight = 0;
  };
  using Side = std::vector<std::size_t> Vertex::*;

  void assign_layers() {
    vertices_.resize(boxes_.size());
    std::vector<Arrow> by_target = arrows_;
    std::stable_sort(by_target.begin(), by_target.end(),
                     [](const Arrow& a, const Arrow& b) { return a.to < b.to; });
    for (const Arrow& arrow : by_target) {
      vertices_[arrow.to].layer =
          std::max(vertices_[arrow.to].layer, vertices_[arrow.from].layer + 1);
    }
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      vertices_[i].width = boxes_[i].width;
      join_layer(i);
    }
  }

  void join_layer(std::size_t vertex) {
    const std::size_t layer = vertices_[vertex].layer;
    if (layers_.size() <= layer) {
      layers_.resize(layer + 1);
    }
    vertices_[vertex].position = layers_[layer].size();
    layers_[layer].push_back(vertex);
  }

  void link(std::size_t upper, std::size_t lower) {
    vertices_[upper].down.push_back(lower);
    vertices_[lower].up.push_back(upper);
  }

  // Gives long arrows a bend in each layer that they pass. A plan in which that would cost far more
  // than its own size (thousands of arrows over thousands of layers) gets straight long arrows
  // instead.
  void thread_arrows() {
    std::size_t bends_left = 1000 + 4 * (boxes_.size() + arrows_.size());
    bends_.resize(arrows_.size());
    for (std::size_t i = 0; i < arrows_.size(); ++i) {
      const Arrow& arrow = arrows_[i];
      const std::size_t first = vertices_[arrow.from].layer + 1;
      const std::size_t last = vertices_[arrow.to].layer;
      if (last - first > bends_left) {
        continue;
      }
      bends_left -= last - first;
      std::size_t upper = arrow.from;
      for (std::size_t layer = first; layer < last; ++layer) {
        const std::size_t bend = vertices_.size();
        vertices_.emplace_back();
        vertices_.back().layer = layer;
        vertices_.back().width = kBendWidth;
        join_layer(bend);
        bends_[i].push_back(bend);
        link(upper, bend);
        upper = bend;
      }
      link(upper, arrow.to);
    }
  }

  std::uint64_t crossings() const {
    std::uint64_t count = 0;
    std::vector<std::pair<std::size_t, std::size_t>> ends;
    for (std::size_t layer = 0; layer + 1 < layers_.size(); ++layer) {
      ends.clear();
      for (const std::size_t upper : layers_[layer]) {
        for (const std::size_t lower : vertices_[upper].down) {
          ends.emplace_back(vertices_[upper].position, vertices_[lower].position);
        }
      }
      std::sort(ends.begin(), ends.end());
      Prefix before(layers_[layer + 1].size());
      for (std::size_t i = 0; i < ends.size(); ++i) {
        count += i - before.up_to(ends[i].second);
        before.insert(ends[i].second);
      }
    }
    return count;
  }

  void number(const std::vector<std::size_t>& layer) {
    for (std::size_t i = 0; i < layer.size(); ++i) {
      vertices_[layer[i]].position = i;
    }
  }

  // Sorts one layer by the mean position of the neighbours on one side; who has none stays.
  void sort_layer(std::vector<std::size_t>& layer, Side side) {
    struct Key {
      std::uint64_t sum;
      std::uint64_t count;
      std::size_t vertex;
    };
    std::vector<Key> keys;
    keys.reserve(layer.size());
    for (const std::size_t vertex : layer) {
      const auto& neighbours = vertices_[vertex].*side;
      Key key{vertices_[vertex].position, 1, vertex};
      if (!neighbours.empty()) {
        key.sum = 0;
        key.count = neighbours.size();
        for (const std::size_t neighbour : neighbours) {
          key.sum += vertices_[neighbour].position;
        }
      }
      keys.push_back(key);
    }
    std::stable_sort(keys.begin(), keys.end(),
                     [](const Key& a, const Key& b) { return a.sum * b.count < b.sum * a.count; });
    std::transform(keys.begin(), keys.end(), layer.begin(), [](const Key& k) { return k.vertex; });
    number(layer);
  }

  void order_layers() {
    auto best = layers_;
    std::uint64_t fewest = crossings();
    for (int sweep = 0; sweep < kOrderSweeps && fewest > 0; ++sweep) {
      visit_layers(sweep, [this](auto& layer, Side side) { sort_layer(layer, side); });
      if (const std::uint64_t count = crossings(); count < fewest) {
        fewest = count;
        best = layers_;
      }
    }
    layers_ = std::move(best);
    for (const auto& layer : layers_) {
      number(layer);
    }
  }

  // Downwards in even sweeps, looking up; upwards in odd ones, looking down.
  template <class Visit>
  void visit_layers(int sweep, Visit visit) {
    const bool down = sweep % 2 == 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      visit(layers_[down ? i : layers_.size() - 1 - i], down ? &Vertex::up : &Vertex::down);
    }
  }

  bool is_bend(std::size_t vertex) const { return vertex >= boxes_.size(); }

  // The mean place of the neighbours on one side, and how much it matters: long arrows are kept
  // straight before boxes are centred.
  Wish wish(std::size_t index, Side side) const {
    constexpr std::int64_t kStraight = 8;
    const Vertex& vertex = vertices_[index];
    Wish all;
    for (const std::size_t neighbour : vertex.*side) {
      const std::int64_t weight = is_bend(index) && is_bend(neighbour) ? kStraight : 1;
      all.place += weight * vertices_[neighbour].x;
      all.weight += weight;
    }
    if (all.weight == 0) {
      return {vertex.x, 1};
    }
    return {all.place / all.weight, all.weight};
  }

  // Moves the vertices of a layer as near as their order and widths allow to where they want to be.
  void place_layer(const std::vector<std::size_t>& layer, Side side) {
    struct Block {
      std::int64_t sum;  // of the wishes, weighted
      std::int64_t weight;
      std::size_t count;
    };
    std::vector<Block> blocks;
    std::vector<std::int64_t> offsets;
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (i > 0) {
        offset += (vertices_[layer[i - 1]].width + vertices_[layer[i]].width) / 2 + kColumnGap;
      }
      offsets.push_back(offset);
      const Wish own = wish(layer[i], side);
      Block block{(own.place - offset) * own.weight, own.weight, 1};
      while (!blocks.empty() &&
             block.sum / block.weight <= blocks.back().sum / blocks.back().weight) {
        block.sum += blocks.back().sum;
        block.weight += blocks.back().weight;
        block.count += blocks.back().count;
        blocks.pop_back();
      }
      blocks.push_back(block);
    }
    std::size_t next = 0;
    for (const Block& block : blocks) {
      for (std::size_t i = 0; i < block.count; ++i, ++next) {
        vertices_[layer[next]].x = block.sum / block.weight + offsets[next];
      }
    }
  }

  void place() {
    for (const auto& layer : layers_) {
      std::int64_t x = 0;
      for (const std::size_t vertex : layer) {
        vertices_[vertex].x = x + vertices_[vertex].width / 2;
        x += vertices_[vertex].width + kColumnGap;
      }
    }
    for (int sweep = 0; sweep < kPlaceSweeps; ++sweep) {
      visit_layers(sweep, [this](auto& layer, Side side) { place_layer(layer, side); });
    }
  }

  Layout finish() {
    Layout layout;
    std::int64_t left = 0;
    std::int64_t right = 0;
    for (std::size_t i = 0; i < vertices_.size(); ++i) {
      const Vertex& vertex = vertices_[i];
      left = i == 0 ? vertex.x - vertex.width / 2 : std::min(left, vertex.x - vertex.width / 2);
    }
    for (Vertex& vertex : vertices_) {
      vertex.x += kMargin - left;
      right = std::max(right, vertex.x + (vertex.width + 1) / 2);
    }
    std::vector<std::int64_t> tops;
    std::vector<std::int64_t> bottoms;
    std::int64_t y = kMargin;
    for (const auto& layer : layers_) {
      std::int64_t height = 0;
      for (const std::size_t vertex : layer) {
        height = vertex < boxes_.size() ? std::max(height, boxes_[vertex].height) : height;
      }
      tops.push_back(y);
      bottoms.push_back(y + height);
      y += height + kLayerGap;
    }
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      layout.corners.push_back({vertices_[i].x - boxes_[i].width / 2, tops[vertices_[i].layer]});
    }
    for (std::size_t i = 0; i < arrows_.size(); ++i) {
      layout.routes.push_back(route(i, tops, bottoms));
    }
    const std::int64_t bottom = bottoms.empty() ? 0 : bottoms.back();
    layout.size = {right + kMargin, bottom + kMargin};
    return layout;
  }

  std::vector<Point> route(std::size_t index, const std::vector<std::int64_t>& tops,
                           const std::vector<std::int64_t>& bottoms) const {
    const Arrow& arrow = arrows_[index];
    const Vertex& from = vertices_[arrow.from];
    const Vertex& to = vertices_[arrow.to];
    std::vector<Point> points{{from.x, tops[from.layer] + boxes_[arrow.from].height}};
    for (const std::size_t bend : bends_[index]) {
      points.push_back({vertices_[bend].x, tops[vertices_[bend].layer]});
      points.push_back({vertices_[bend].x, bottoms[vertices_[bend].layer]});
    }
    points.push_back({to.x, tops[to.layer]});
    return points;
  }

  const std::vector<BoxSize>& boxes_;
  const std::vector<Arrow>& arrows_;
  std::vector<Vertex> vertices_;                  // the boxes, then the bends
  std::vector<std::vector<std::size_t>> layers_;  // vertices from left to right
  std::vector<std::vector<std::size_t>> bends_;   // of each arrow
};

}  // namespace

Layout lay_out(const std::vector<BoxSize>& boxes, const std::vector<Arrow>& arrows) {
  return Drawing(boxes, arrows).make();
}

}  // namespace fleet::plan
