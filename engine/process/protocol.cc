#include "engine/process/protocol.h"

#include <algorithm>

#include "engine/process/codec.h"
#include "engine/process/wire.h"

namespace fleet::process {
namespace {

void put(Writer& out, const Hello& hello) {
  out.number(hello.version);
  out.flag(hello.observer);
  out.number(hello.generation);
  out.number(hello.jobs);
  out.number<std::int64_t>(hello.away.count());
}
void put(Writer& out, const Submit& submit) {
  out.list(submit.jobs, [&](const JobSpec& job) { put_job(out, job); });
}
void put(Writer& out, const Cancel& cancel) {
  put_key(out, cancel.key);
  out.number<std::int64_t>(cancel.grace.count());
}
void put(Writer& out, const SetJobs& set) {
  out.number(set.jobs);
}
void put(Writer& out, const Expect& expect) {
  out.list(expect.keys, [&](const JobKey& key) { put_key(out, key); });
}
void put(Writer& out, const Release& release) {
  out.text(release.run);
}
void put(Writer& out, const Watch& watch) {
  out.number(watch.since);
}
void put(Writer&, const ListJobs&) {}
void put(Writer& out, const Welcome& welcome) {
  put_capabilities(out, welcome.capabilities);
}
void put(Writer& out, const Refused& refused) {
  out.number(static_cast<std::uint8_t>(refused.code));
  out.text(refused.text);
}
void put(Writer& out, const Reports& reports) {
  out.list(reports.reports, [&](const JobReport& report) { put_report(out, report); });
}
void put(Writer& out, const Listing& listing) {
  out.list(listing.jobs, [&](const JobStatus& status) { put_status(out, status); });
  out.flag(listing.last);
}

std::chrono::milliseconds get_millis(Reader& in) {
  return std::chrono::milliseconds(in.number<std::int64_t>());
}

Hello get_hello(Reader& in) {
  Hello hello;
  hello.version = in.number<std::uint32_t>();
  hello.observer = in.flag();
  hello.generation = in.number<std::uint64_t>();
  hello.jobs = in.number<std::uint32_t>();
  hello.away = get_millis(in);
  return hello;
}

Cancel get_cancel(Reader& in) {
  Cancel cancel{get_key(in), {}};
  cancel.grace = get_millis(in);
  return cancel;
}

Refused get_refused(Reader& in) {
  Refused refused;
  refused.code = in.choice(Errc::kCancelled);
  refused.text = in.text();
  return refused;
}

Listing get_listing(Reader& in) {
  Listing listing;
  listing.jobs = in.list([&] { return get_status(in); });
  listing.last = in.flag();
  return listing;
}

Message get_message(Reader& in) {
  switch (in.number<std::uint8_t>()) {
    case 0: return get_hello(in);
    case 1: return Submit{in.list([&] { return get_job(in); })};
    case 2: return get_cancel(in);
    case 3: return SetJobs{in.number<std::uint32_t>()};
    case 4: return Expect{in.list([&] { return get_key(in); })};
    case 5: return Release{in.text()};
    case 6: return Watch{in.number<std::uint64_t>()};
    case 7: return ListJobs{};
    case 8: return Welcome{get_capabilities(in)};
    case 9: return get_refused(in);
    case 10: return Reports{in.list([&] { return get_report(in); })};
    case 11: return get_listing(in);
    default: in.fail(); return ListJobs{};
  }
}
static_assert(std::variant_size_v<Message> == 12);

}  // namespace

std::string encode_frame(const Message& message) {
  Writer body;
  body.number(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& each) { put(body, each); }, message);
  Writer frame;
  frame.reserve(body.size() + sizeof(std::uint32_t));
  frame.text(body.bytes());
  return std::move(frame).bytes();
}

Result<Message> decode_payload(std::string_view payload) {
  Reader in(payload);
  Message message = get_message(in);
  if (!in.complete())
    return Error(Errc::kCorrupt, "a message that is not of the keeper's protocol");
  return message;
}

Result<std::optional<std::string_view>> FrameBuffer::next() {
  constexpr std::size_t kHead = sizeof(std::uint32_t);
  const std::string_view rest = std::string_view(bytes_).substr(taken_);
  if (rest.size() >= kHead) {
    const std::size_t size = Reader(rest).number<std::uint32_t>();
    if (size == 0 || size > kMaxFrame)
      return Error(Errc::kCorrupt, fmt::format("a frame of {} bytes", size));
    if (rest.size() >= kHead + size) {
      taken_ += kHead + size;
      return std::optional(rest.substr(kHead, size));
    }
  }
  bytes_.erase(0, taken_);
  taken_ = 0;
  return std::optional<std::string_view>();
}

}  // namespace fleet::process
