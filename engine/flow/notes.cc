#include "engine/flow/notes.h"

#include <charconv>

#include <fmt/format.h>

#include "engine/os/files.h"

namespace fleet::flow {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

std::string file_name(run::Epoch epoch, std::uint32_t number) {
  return fmt::format("{}.{}.md", epoch, number);
}

// "2.7.md" -> {2, 7}
std::optional<Notes::Note> place_of(const std::string& name) {
  Notes::Note note;
  const char* const end = name.data() + name.size();
  const auto epoch = std::from_chars(name.data(), end, note.epoch);
  if (epoch.ec != std::errc() || epoch.ptr == end || *epoch.ptr != '.')
    return std::nullopt;
  const auto number = std::from_chars(epoch.ptr + 1, end, note.number);
  if (number.ec != std::errc() || name != file_name(note.epoch, note.number))
    return std::nullopt;
  return note;
}

}  // namespace

std::string Notes::folder_of(run::NoteKind kind, run::TaskIndex task) const {
  return fmt::format("{}/{}/{}/{}", state_dir_,
                     kind == run::NoteKind::kHandoff ? "handoff" : "checkpoints", run_, task.value);
}

Status Notes::store(const run::NoteSaved& note, const std::string& text) const {
  const std::string folder = folder_of(note.kind, note.attempt.task);
  FLEET_CHECK(os::system_files().make_dirs(folder));
  return os::system_files().write_atomic(folder + "/" + file_name(note.attempt.epoch, note.number),
                                         text);
}

void Notes::drop_before(const run::NoteSaved& note) const {
  if (note.number > 1)
    (void)os::system_files().remove_tree(folder_of(note.kind, note.attempt.task) + "/" +
                                         file_name(note.attempt.epoch, note.number - 1));
}

std::optional<Notes::Note> Notes::newest(run::NoteKind kind, run::TaskIndex task,
                                         run::Epoch last) const {
  const std::string folder = folder_of(kind, task);
  const auto entries = os::system_files().list(folder);
  if (!entries)
    return std::nullopt;
  std::optional<Note> best;
  for (const os::DirEntry& entry : *entries) {
    const auto note = place_of(entry.name);
    if (note && note->epoch <= last &&
        (!best || std::pair(note->epoch, note->number) > std::pair(best->epoch, best->number)))
      best = note;
  }
  if (!best)
    return std::nullopt;
  const auto text =
      os::system_files().read_file(folder + "/" + file_name(best->epoch, best->number), kMaxBytes);
  if (!text)
    return std::nullopt;
  best->text = *text;
  return best;
}

}  // namespace fleet::flow
