// lsp: the language server on standard input and output. One thread reads, so that a request can be
// cancelled while another is answered; this one answers.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <fmt/format.h>

#include "dsl/base/codes.h"
#include "dsl/driver/stdlib_files.h"
#include "dsl/lsp/frame.h"
#include "dsl/lsp/hover.h"
#include "dsl/lsp/inbox.h"
#include "dsl/lsp/server.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// How long the reader waits for bytes before it looks whether it should end.
constexpr milliseconds kReaderPatience{200};
// How often the server looks whether its client still lives.
constexpr milliseconds kClientPatience{2'000};

// Reads frames from standard input until it ends or the server does.
class Reader {
 public:
  explicit Reader(lsp::Inbox& inbox) : inbox_(inbox), thread_([this] { run(); }) {}
  ~Reader() {
    ended_ = true;
    thread_.join();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  void run() {
    std::array<char, 65536> bytes{};
    while (!ended_) {
      pollfd input{STDIN_FILENO, POLLIN, 0};
      const int ready = ::poll(&input, 1, static_cast<int>(kReaderPatience.count()));
      if (ready == 0 || (ready < 0 && errno == EINTR))
        continue;
      const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      frames_.feed({bytes.data(), static_cast<std::size_t>(n)});
      while (auto body = frames_.next())
        inbox_.push(*std::move(body));
      if (const std::size_t malformed = frames_.take_malformed())
        inbox_.add_malformed(malformed);
    }
    inbox_.close();
  }

  lsp::Inbox& inbox_;
  lsp::FrameReader frames_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

// Every text that an answer can point to and that is part of this program.
void each_reference(const std::function<void(const std::string&, const std::string&)>& use) {
  for (const StdlibFile& file : stdlib_files())
    use("std/" + std::string(file.path), std::string(file.text));
  for (const CodeRow& row : all_codes())
    use("explain/" + std::string(row.code) + ".md", lsp::explain_page(std::string(row.code)));
}

bool write_reference(const fs::path& folder) {
  bool good = true;
  each_reference([&](const std::string& name, const std::string& text) {
    std::error_code problem;
    fs::create_directories((folder / name).parent_path(), problem);
    std::ofstream stream(folder / name, std::ios::binary);
    stream << text;
    good = good && !problem && stream.flush().good();
  });
  return good;
}

// The folder with these texts, below the user's cache: made once for each state of them. Empty when
// there is no place for it.
std::string reference_folder() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  const bool absolute = cache != nullptr && cache[0] == '/';
  if (!absolute && (home == nullptr || home[0] != '/'))
    return {};
  std::string all;
  each_reference([&](const std::string& name, const std::string& text) { all += name + text; });
  const fs::path top = absolute ? fs::path(cache) : fs::path(home) / ".cache";
  const fs::path folder =
      top / "fleetc" / fmt::format("reference-{:016x}", std::hash<std::string>()(all));
  std::error_code problem;
  if (fs::exists(folder, problem))
    return folder.string();
  // Complete before it has its name, so that another server never sees a part.
  const fs::path made = folder.string() + fmt::format(".{}", ::getpid());
  const bool written = write_reference(made);
  if (written)
    fs::rename(made, folder, problem);
  if (!written || problem)
    fs::remove_all(made, problem);
  return fs::exists(folder, problem) ? folder.string() : std::string();
}

bool is_alive(std::int64_t process) {
  return ::kill(static_cast<pid_t>(process), 0) == 0 || errno != ESRCH;
}

}  // namespace

int lsp() {
  lsp::Inbox inbox;
  lsp::SystemDisk disk;
  lsp::Server server(
      disk, {FLEETC_VERSION, day_of(""), reference_folder()},
      [](const std::string& body) { print(lsp::framed(body)); },
      [&](const std::string& id) { return inbox.is_cancelled(id); },
      [&] { return inbox.waiting(); });
  const Reader reader(inbox);
  bool busy = false;
  while (!server.exit_code()) {
    const lsp::Inbox::Next next = inbox.pop(busy ? milliseconds(0) : kClientPatience);
    for (std::size_t i = 0; i < next.malformed; ++i)
      server.report_malformed();
    if (next.body)
      server.handle(*next.body);
    else if (next.closed)
      return kDefinitionHasErrors;  // the client went away without a word
    else if (!busy && server.client_process() && !is_alive(*server.client_process()))
      return kDefinitionHasErrors;
    busy = !next.body && server.work();
    busy = busy || next.body;
  }
  return *server.exit_code();
}

}  // namespace fleet::cli
