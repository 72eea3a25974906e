#include "engine/broker/ask.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fleet::broker {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostDepth = 200;
constexpr std::size_t kMostMembers = 1'000;  // of the body and its settings
constexpr std::size_t kMostKept = 300;       // of a text: longer ones are no names

// Services take a name in more than one spelling, some of them in any case.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != '_')
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::string_view (&all)[N]) {
  return std::ranges::find(all, text) != std::end(all);
}
template <std::size_t N>
bool starts_as(std::string_view text, const std::string_view (&all)[N]) {
  return std::ranges::any_of(all, [&](std::string_view start) { return text.starts_with(start); });
}

bool is_settings(std::string_view name) {
  return name == "generationconfig" || name == "streamoptions";
}

// What a program wrote for a program, and no model reads as anything but text.
bool is_data(std::string_view name) {
  constexpr std::string_view kData[] = {"input",      "arguments",   "args",
                                        "response",   "inputschema", "parameters",
                                        "properties", "jsonschema",  "parametersjsonschema"};
  return is_one_of(name, kData);
}

constexpr std::string_view kImages[] = {"image", "input_image", "image_url", "computer_screenshot"};
constexpr std::string_view kDocuments[] = {
    "document",    "file",  "input_file",  "container_upload", "audio",
    "input_audio", "video", "input_video", "video_url"};
constexpr std::string_view kStored[] = {"item_reference"};
// Tools that the service itself carries out, for money or for more turns of the model.
constexpr std::string_view kServed[] = {"web_search",
                                        "web_fetch",
                                        "code_execution",
                                        "advisor",
                                        "mcp",
                                        "code_interpreter",
                                        "image_generation",
                                        "file_search",
                                        "container_auto",
                                        "container_reference"};
constexpr std::string_view kDeclared[] = {"functiondeclarations", "computeruse"};

// Goes through a body without making a tree of it. Top members and settings are kept, the rest is
// looked at for what costs more than its bytes. What stands twice counts twice.
class Reader : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(bool gemini) : gemini_(gemini) {}

  const std::string& problem() const { return problem_; }
  bool is_object() const { return is_object_; }
  const Ask& seen() const { return ask_; }

  // By its plain name: "model", "generationconfig.candidatecount"; null: it is not said.
  const Json* find(const std::string& name) const {
    const auto found = said_.find(name);
    return found == said_.end() || found->second.is_null() ? nullptr : &found->second;
  }
  bool has(const std::string& name) const { return names_.contains(name); }
  std::string text(const std::string& name) const {
    const Json* found = find(name);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
  }

  bool null() override { return keep(nullptr); }
  bool boolean(bool value) override { return keep(value); }
  bool number_integer(std::int64_t value) override { return keep(value); }
  bool number_unsigned(std::uint64_t value) override { return keep(value); }
  bool number_float(double value, const std::string&) override { return keep(value); }
  bool binary(Json::binary_t&) override { return false; }
  bool string(std::string& value) override {
    if (!frames_.empty() && frames_.back().seen)
      look_at(frames_.back(), value);
    return keep(value.size() > kMostKept ? value.substr(0, kMostKept) : value);
  }
  bool key(std::string& name) override;
  bool start_object(std::size_t) override { return enter(true); }
  bool start_array(std::size_t) override { return enter(false); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return refuse("it is no JSON object");
  }

 private:
  struct Frame {
    bool object = false;
    bool seen = true;    // else it is data of a program
    std::string name;    // by which it stands in the object around it, or around its array
    std::string member;  // the one whose value comes next
    bool is_image = false;
    bool is_other = false;
  };

  bool refuse(const std::string& why) {
    if (problem_.empty())
      problem_ = why;
    return false;
  }
  std::string path() const {
    if (frames_.size() == 1)
      return frames_[0].member;
    return frames_[0].member + "." + frames_[1].member;
  }
  bool is_kept() const {
    return frames_.size() == 1 || (frames_.size() == 2 && is_settings(frames_[0].member));
  }
  bool keep(Json value) {
    if (!frames_.empty() && frames_.back().object && is_kept())
      said_.insert_or_assign(path(), std::move(value));
    return true;
  }
  // An entry of `tools`, or what stands there in place of a list.
  bool is_tool() const {
    return frames_.size() >= 2 && frames_[0].member == "tools" &&
           frames_.size() == (frames_[1].object ? 2U : 3U);
  }
  void look_at(Frame& frame, const std::string& text);
  bool enter(bool object);
  bool leave();

  const bool gemini_;
  std::vector<Frame> frames_;
  std::map<std::string, Json> said_;
  std::set<std::string> names_;
  Ask ask_;
  bool is_object_ = false;
  std::string problem_;
};

bool Reader::key(std::string& name) {
  Frame& frame = frames_.back();
  frame.member = plain(name);
  if (is_kept()) {
    if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) > 0x7E; }))
      return refuse("a member has a name that is not ASCII");
    if (!names_.insert(path()).second)
      return refuse("a member stands in it twice");
    if (names_.size() > kMostMembers)
      return refuse("it has too many members");
  }
  if (gemini_ && is_tool() && !is_one_of(frame.member, kDeclared))
    ask_.unbounded = fmt::format("the service itself carries out `{}`", name.substr(0, kMostKept));
  if (frame.seen && frame.member == "filedata")
    ask_.fills_window = name;
  return true;
}

void Reader::look_at(Frame& frame, const std::string& text) {
  const std::string_view member = frame.member;
  if (member == "ttl" && text != "5m")
    ask_.hour_cache = true;
  if (frame.name == "inlinedata" && member == "mimetype")
    (text.starts_with("image/") ? frame.is_image : frame.is_other) = true;
  if (member != "type")
    return;
  if (!frames_.empty() && frames_[0].member == "tools" && starts_as(text, kServed))
    ask_.unbounded = fmt::format("the service itself carries out `{}`", text.substr(0, kMostKept));
  if (is_one_of(text, kStored))
    ask_.unbounded = fmt::format("`{}` brings input along that is kept at the service", text);
  if (is_one_of(text, kImages))
    ++ask_.images;
  if (is_one_of(text, kDocuments))
    ask_.fills_window = text;
}

bool Reader::enter(bool object) {
  if (frames_.size() >= kMostDepth)
    return refuse("it is nested too deep");
  Frame next;
  next.object = object;
  if (frames_.empty()) {
    is_object_ = object;
  } else {
    const Frame& around = frames_.back();
    // That it is there is kept of one that is not looked into.
    keep(Json::object());
    next.name = around.object ? around.member : around.name;
    const bool content = frames_.size() == 1;  // OpenAI's `input` is what the model reads
    next.seen = around.seen && (content || !around.object || !is_data(around.member));
  }
  frames_.push_back(std::move(next));
  return true;
}

bool Reader::leave() {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.object && frame.seen && frame.name == "inlinedata") {
    if (frame.is_image && !frame.is_other)
      ++ask_.images;
    else
      ask_.fills_window = "inlineData";
  }
  return true;
}

// A number of tokens or of answers; nothing when it is no such number.
std::optional<std::uint64_t> count_in(const Json& value) {
  if (value.is_number_unsigned())
    return value.get<std::uint64_t>();
  // Some clients write 4096.0.
  if (value.is_number_float() && value.get<double>() >= 0 && value.get<double>() < 1e12)
    return static_cast<std::uint64_t>(value.get<double>()) + 1;
  return std::nullopt;
}

// The largest of the named numbers, so that whichever the service heeds is covered. Nothing: one
// of them is no number.
std::optional<std::uint64_t> largest(const Reader& reader,
                                     std::initializer_list<const char*> names) {
  std::uint64_t most = 0;
  for (const char* name : names) {
    const Json* value = reader.find(name);
    const auto count = value == nullptr ? 0 : count_in(*value);
    if (!count)
      return std::nullopt;
    most = std::max(most, *count);
  }
  return most;
}

// What of the top members lets a request cost more than its own bytes tell.
std::string unbounded_by(const Reader& reader) {
  for (const char* name : {"previous_response_id", "conversation", "prompt", "cachedContent"})
    if (reader.find(plain(name)) != nullptr)
      return fmt::format("`{}` brings input along that is kept at the service", name);
  for (const char* name : {"web_search_options", "mcp_servers", "container"})
    if (reader.find(plain(name)) != nullptr)
      return fmt::format("by `{}` the service itself carries out tools", name);
  const Json* background = reader.find("background");
  if (background != nullptr && *background == Json(true))
    return "`background` goes on when the request has ended";
  if (reader.find("audio") != nullptr)
    return "`audio` has a price of its own";
  const std::string geo = reader.text("inferencegeo");
  if (!geo.empty() && geo != "global")
    return "`inference_geo` has a price of its own";
  const std::string tier = reader.text("servicetier");
  if (tier == "priority" || tier == "fast" || reader.text("speed") == "fast")
    return "it asks for a faster tier, whose price is another";
  return {};
}

Error unreadable(const std::string& why) {
  return Error(Errc::kInvalid, "the broker can't read this request: " + why);
}

}  // namespace

Result<Ask> read_ask(const Target& target, std::string_view body) {
  Reader reader(target.call == Call::kGenerate);
  const bool sound = Json::sax_parse(body, &reader);
  if (!reader.problem().empty())
    return unreadable(reader.problem());
  if (!sound || !reader.is_object())
    return unreadable("it is no JSON object");
  Ask ask = reader.seen();
  ask.model = target.call == Call::kGenerate ? target.model : reader.text("model");
  if (ask.model.empty())
    return unreadable("it names no model");
  const auto output = largest(reader, {"maxtokens", "maxcompletiontokens", "maxoutputtokens",
                                       "generationconfig.maxoutputtokens"});
  const auto answers = largest(reader, {"n", "generationconfig.candidatecount"});
  if (!output || !answers)
    return unreadable("its limit of tokens, or of answers, is no number");
  ask.most_output = *output;
  ask.answers = std::max<std::uint64_t>(*answers, 1);
  if (const std::string why = unbounded_by(reader); !why.empty())
    ask.unbounded = why;
  const Json* stream = reader.find("stream");
  if (target.call == Call::kChat && stream != nullptr && *stream == Json(true)) {
    const Json* usage = reader.find("streamoptions.includeusage");
    if (!reader.has("streamoptions"))
      ask.insert = "\"stream_options\":{\"include_usage\":true},";
    else if (usage == nullptr || *usage != Json(true))
      return unreadable("its `stream_options` keep the service from telling what it used");
  }
  return ask;
}

}  // namespace fleet::broker
