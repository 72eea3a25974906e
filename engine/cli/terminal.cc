#include "engine/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool colour_wanted() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_colour == nullptr || *no_colour == '\0') && term != nullptr &&
         std::string_view(term) != "dumb";
}

}  // namespace

void print(std::string_view text) {
  write_all(STDOUT_FILENO, text);
}
void complain(std::string_view text) {
  write_all(STDERR_FILENO, text);
}
void complain(const Error& error) {
  complain(fmt::format("fleetc: {}\n", error.message()));
}

bool output_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}
bool errors_are_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}
bool output_has_colour() {
  return output_is_terminal() && colour_wanted();
}
bool errors_have_colour() {
  return errors_are_terminal() && colour_wanted();
}

unsigned terminal_columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 &&
      ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
    return 80;
  return size.ws_col == 0 ? 80 : size.ws_col;
}

bool ask(std::string_view question) {
  if (::isatty(STDIN_FILENO) != 1 || !errors_are_terminal())
    return false;
  complain(fmt::format("{} [Y/n] ", question));
  std::string answer;
  if (!std::getline(std::cin, answer))
    return false;
  return answer.empty() || answer[0] == 'y' || answer[0] == 'Y';
}

}  // namespace fleet::cli
