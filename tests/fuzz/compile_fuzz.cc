// Any bytes are diagnostics or a plan: nothing crashes or hangs, every message lies inside the
// text, and a layout that exists lays out to itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "dsl/format/format.h"
#include "dsl/plan/codec.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

std::optional<std::string> laid_out(const std::string& text) {
  SourceMap sources;
  return format(sources, sources.add("f.fleet", text));
}

void require(bool holds) {
  if (!holds)
    std::abort();
}

void check_format(const std::string& text) {
  const std::optional<std::string> once = laid_out(text);
  require(!once || laid_out(*once) == once);
}

void check_compile(const std::string& text) {
  testing::MemoryReader files({{"f.fleet", text}});
  CompileOptions options;
  options.goal = Goal::kPlan;
  options.today = 20'490;
  const Compilation result = compile("f.fleet", files, options);
  require(result.sources != nullptr);
  for (const Diagnostic& diagnostic : result.diagnostics) {
    const Span span = diagnostic.primary.span;
    require(span.begin <= span.end);
    require(span.end <= result.sources->get(span.source).text().size());
  }
  require(render_text(result.diagnostics, *result.sources).find('\x1b') == std::string::npos);
  if (result.plan)
    require(plan::from_json(plan::to_json(*result.plan)).plan == result.plan);
}

}  // namespace
}  // namespace fleet

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  fleet::check_format(text);
  fleet::check_compile(text);
  return 0;
}
