// A scripted child for tests: does what its arguments say, one after the other, and exits 0.
//
//   exit=N         signal=N        sleep=MS        hold           (waits for ever)
//   await=FILE     (until it is there)
//   print=TEXT     complain=TEXT   spew=BYTES      spin=MS        (burns a processor)
//   ignore-term    on-term=N       (exits N at SIGTERM)           close-pipes
//   write=FILE     read=FILE       (exit 10 when that fails)
//   open=FILE      (for writing, but writes nothing; exit 10 when that fails)
//   env=NAME       env-count       pids            pid            fds
//   daemon         (a grandchild in a session of its own that holds for ever)
//   bare-daemon    (the same with an empty environment and all descriptors closed)
//   brood=N        (N background children of this session that hold for ever)
//   connect=FILE   (to a Unix socket; exit 11 when that fails)
//   tag=TEXT       (nothing: makes the command line recognisable)
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>

namespace {

int term_code = 0;

[[noreturn]] void hold() {
  while (true)
    ::pause();
}

void say(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd, text.data() + done, text.size() - done);
    if (wrote < 0)
      ::_exit(12);
    done += static_cast<std::size_t>(wrote);
  }
}

void print_number(std::size_t number) {
  say(1, std::to_string(number) + "\n");
}

void sleep_for(const std::string& millis) {
  std::this_thread::sleep_for(std::chrono::milliseconds(std::stol(millis)));
}

void await(const std::string& file) {
  while (::access(file.c_str(), F_OK) != 0)
    sleep_for("5");
}

void spin(const std::string& millis) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(std::stol(millis));
  while (std::chrono::steady_clock::now() < end) {
  }
}

void spew(const std::string& bytes) {
  const std::string block(4'096, 'x');
  for (long long left = std::stoll(bytes); left > 0; left -= static_cast<long long>(block.size()))
    say(1, block.substr(0, static_cast<std::size_t>(std::min<long long>(left, 4'096))));
}

void exit_at_term(const std::string& code) {
  term_code = std::stoi(code);
  struct sigaction action {};
  action.sa_handler = [](int) {
    ::_exit(term_code);
  };
  ::sigaction(SIGTERM, &action, nullptr);
}

void open_or_fail(const std::string& file, int flags) {
  const int fd = ::open(file.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) {
    say(2, file + ": " + std::strerror(errno) + "\n");
    ::_exit(10);
  }
  if ((flags & O_CREAT) != 0)
    say(fd, "x");
  ::close(fd);
}

// Detaches itself as daemons do; the parent goes on once it is done.
void daemonise(bool bare) {
  const pid_t child = ::fork();
  if (child != 0) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return;
  }
  ::setsid();
  if (::fork() != 0)
    ::_exit(0);
  if (bare) {
    ::clearenv();
    for (int fd = 0; fd < 64; ++fd)
      ::close(fd);
  }
  hold();
}

void breed(const std::string& count) {
  for (int left = std::stoi(count); left > 0; --left)
    if (::fork() == 0)
      hold();
}

std::size_t entries_of(const char* directory, bool numbers) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    count += !numbers || std::all_of(name.begin(), name.end(), ::isdigit) ? 1 : 0;
  }
  return count;
}

void connect_or_fail(const std::string& file) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, file.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    ::_exit(11);
  ::close(fd);
}

using Act = std::function<void(const std::string&)>;

const std::map<std::string, Act>& acts() {
  static const std::map<std::string, Act> all = {
      {"exit",
       [](const std::string& code) {
         ::_exit(std::stoi(code));
       }},
      {"signal",
       [](const std::string& number) {
         // A sanitizer's handler would make an exit of it.
         ::signal(std::stoi(number), SIG_DFL);
         ::raise(std::stoi(number));
       }},
      {"sleep", sleep_for},
      {"await", await},
      {"hold",
       [](const std::string&) {
         hold();
       }},
      {"spin", spin},
      {"print",
       [](const std::string& text) {
         say(1, text + "\n");
       }},
      {"complain",
       [](const std::string& text) {
         say(2, text + "\n");
       }},
      {"spew", spew},
      {"ignore-term",
       [](const std::string&) {
         ::signal(SIGTERM, SIG_IGN);
       }},
      {"on-term", exit_at_term},
      {"close-pipes",
       [](const std::string&) {
         ::close_range(0, 2, 0);
       }},
      {"write",
       [](const std::string& file) {
         open_or_fail(file, O_WRONLY | O_CREAT | O_TRUNC);
       }},
      {"open",
       [](const std::string& file) {
         open_or_fail(file, O_WRONLY);
       }},
      {"read",
       [](const std::string& file) {
         open_or_fail(file, O_RDONLY);
       }},
      {"env",
       [](const std::string& name) {
         const char* value = ::getenv(name.c_str());
         say(1, (value == nullptr ? std::string("(unset)") : std::string(value)) + "\n");
       }},
      {"env-count",
       [](const std::string&) {
         std::size_t count = 0;
         while (environ[count] != nullptr)
           ++count;
         print_number(count);
       }},
      {"pids",
       [](const std::string&) {
         print_number(entries_of("/proc", true));
       }},
      {"pid",
       [](const std::string&) {
         print_number(static_cast<std::size_t>(::getpid()));
       }},
      // One of them is the listing's own.
      {"fds",
       [](const std::string&) {
         print_number(entries_of("/proc/self/fd", true) - 1);
       }},
      {"daemon",
       [](const std::string&) {
         daemonise(false);
       }},
      {"bare-daemon",
       [](const std::string&) {
         daemonise(true);
       }},
      {"brood", breed},
      {"connect", connect_or_fail},
      {"tag",
       [](const std::string&) {
       }},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    const auto act = acts().find(word.substr(0, equals));
    if (act == acts().end()) {
      std::fprintf(stderr, "fake_agent: unknown act %s\n", argv[i]);
      return 64;
    }
    act->second(equals == std::string::npos ? std::string() : word.substr(equals + 1));
  }
  return 0;
}
