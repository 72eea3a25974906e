// The calls of libc that stand in front of libc's own.
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <type_traits>

#include "tests/support/fault_shim/plan.h"

namespace {

using namespace fleet::testing::faults;

template <class Function>
Function* real(const char* name) {
  static_assert(std::is_function_v<Function>);
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <class Answer>
Answer failure() {
  errno = error();
  if constexpr (std::is_pointer_v<Answer>)
    return nullptr;
  else
    return static_cast<Answer>(-1);
}

// A call that answers -1 or a null pointer when it fails.
template <class Call>
auto pass(Verdict verdict, Call call) -> decltype(call()) {
  using Answer = decltype(call());
  if (verdict == Verdict::kPass)
    return call();
  if (verdict == Verdict::kAfter)
    static_cast<void>(call());
  return failure<Answer>();
}

// As above, for calls that give a descriptor, which nobody gets who is told of a failure.
template <class Call>
int pass_fd(Verdict verdict, Call call) {
  if (verdict == Verdict::kPass)
    return call();
  if (verdict == Verdict::kAfter)
    if (const int fd = call(); fd >= 0)
      kernel(SYS_close, fd);
  return failure<int>();
}

// `call(part)` writes so many bytes.
template <class Call>
ssize_t pass_write(Verdict verdict, std::size_t size, Call call) {
  if (verdict == Verdict::kPass)
    return call(size);
  if (verdict != Verdict::kBefore)
    static_cast<void>(call(verdict == Verdict::kTorn ? size / 2 : size));
  return failure<ssize_t>();
}

// Effect and error cannot both be had of what makes a process.
Verdict process(const char* name) {
  const Verdict verdict = decide(Kind::kProcess, name, AT_FDCWD, "");
  return verdict == Verdict::kPass ? verdict : Verdict::kBefore;
}

bool writes(int flags) {
  return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_ACCMODE) != O_RDONLY;
}

mode_t mode_in(int flags, va_list arguments) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// The names are the linker's, so that libc's own declarations, with their attributes, stay out of
// it.
#define REPLACES(name) __asm__(name)

#define OPEN(function, symbol)                                                \
  extern "C" int function(const char* path, int flags, ...) REPLACES(symbol); \
  int function(const char* path, int flags, ...) {                            \
    va_list arguments;                                                        \
    va_start(arguments, flags);                                               \
    const mode_t mode = mode_in(flags, arguments);                            \
    va_end(arguments);                                                        \
    static const auto under = real<int(const char*, int, mode_t)>(symbol);    \
    const Kind kind = writes(flags) ? Kind::kChange : Kind::kRead;            \
    return pass_fd(decide(kind, symbol, AT_FDCWD, path),                      \
                   [&] { return under(path, flags, mode); });                 \
  }
OPEN(fault_open, "open")
OPEN(fault_open64, "open64")
#undef OPEN

#define OPENAT(function, symbol)                                                             \
  extern "C" int function(int directory, const char* path, int flags, ...) REPLACES(symbol); \
  int function(int directory, const char* path, int flags, ...) {                            \
    va_list arguments;                                                                       \
    va_start(arguments, flags);                                                              \
    const mode_t mode = mode_in(flags, arguments);                                           \
    va_end(arguments);                                                                       \
    static const auto under = real<int(int, const char*, int, mode_t)>(symbol);              \
    const Kind kind = writes(flags) ? Kind::kChange : Kind::kRead;                           \
    return pass_fd(decide(kind, symbol, directory, path),                                    \
                   [&] { return under(directory, path, flags, mode); });                     \
  }
OPENAT(fault_openat, "openat")
OPENAT(fault_openat64, "openat64")
#undef OPENAT

// TYPED and NAMED are the parameters with and without their types.
#define TYPED(...) __VA_ARGS__
#define NAMED(...) (__VA_ARGS__)

#define CALL(function, symbol, answer, kind, directory, path, typed, named)          \
  extern "C" answer function(typed) REPLACES(symbol);                                \
  answer function(typed) {                                                           \
    static const auto under = real<answer(typed)>(symbol);                           \
    return pass(decide(kind, symbol, directory, path), [&] { return under named; }); \
  }

#define WRITE(function, symbol, more_typed, more_named)                                            \
  extern "C" ssize_t function(int fd, const void* bytes, size_t size more_typed) REPLACES(symbol); \
  ssize_t function(int fd, const void* bytes, size_t size more_typed) {                            \
    static const auto under = real<ssize_t(int, const void*, size_t more_typed)>(symbol);          \
    return pass_write(decide(Kind::kChange, symbol, fd, nullptr), size,                            \
                      [&](size_t part) { return under(fd, bytes, part more_named); });             \
  }
#define COMMA ,
WRITE(fault_write, "write", , )
WRITE(fault_pwrite, "pwrite", COMMA off_t offset, COMMA offset)
WRITE(fault_pwrite64, "pwrite64", COMMA off_t offset, COMMA offset)
#undef WRITE
#undef COMMA

CALL(fault_writev, "writev", ssize_t, Kind::kChange, fd, nullptr,
     TYPED(int fd, const iovec* parts, int count), NAMED(fd, parts, count))
CALL(fault_fsync, "fsync", int, Kind::kChange, fd, nullptr, TYPED(int fd), NAMED(fd))
CALL(fault_fdatasync, "fdatasync", int, Kind::kChange, fd, nullptr, TYPED(int fd), NAMED(fd))
CALL(fault_ftruncate, "ftruncate", int, Kind::kChange, fd, nullptr, TYPED(int fd, off_t size),
     NAMED(fd, size))
CALL(fault_ftruncate64, "ftruncate64", int, Kind::kChange, fd, nullptr, TYPED(int fd, off_t size),
     NAMED(fd, size))
CALL(fault_fchmod, "fchmod", int, Kind::kChange, fd, nullptr, TYPED(int fd, mode_t mode),
     NAMED(fd, mode))
CALL(fault_chmod, "chmod", int, Kind::kChange, AT_FDCWD, path, TYPED(const char* path, mode_t mode),
     NAMED(path, mode))
CALL(fault_fchmodat, "fchmodat", int, Kind::kChange, at, path,
     TYPED(int at, const char* path, mode_t mode, int flags), NAMED(at, path, mode, flags))
CALL(fault_mkdir, "mkdir", int, Kind::kChange, AT_FDCWD, path, TYPED(const char* path, mode_t mode),
     NAMED(path, mode))
CALL(fault_mkdirat, "mkdirat", int, Kind::kChange, at, path,
     TYPED(int at, const char* path, mode_t mode), NAMED(at, path, mode))
CALL(fault_rmdir, "rmdir", int, Kind::kChange, AT_FDCWD, path, TYPED(const char* path), NAMED(path))
CALL(fault_unlink, "unlink", int, Kind::kChange, AT_FDCWD, path, TYPED(const char* path),
     NAMED(path))
CALL(fault_unlinkat, "unlinkat", int, Kind::kChange, at, path,
     TYPED(int at, const char* path, int flags), NAMED(at, path, flags))
CALL(fault_rename, "rename", int, Kind::kChange, AT_FDCWD, to,
     TYPED(const char* from, const char* to), NAMED(from, to))
CALL(fault_renameat, "renameat", int, Kind::kChange, to_at, to,
     TYPED(int from_at, const char* from, int to_at, const char* to),
     NAMED(from_at, from, to_at, to))
CALL(fault_renameat2, "renameat2", int, Kind::kChange, to_at, to,
     TYPED(int from_at, const char* from, int to_at, const char* to, unsigned flags),
     NAMED(from_at, from, to_at, to, flags))
CALL(fault_link, "link", int, Kind::kChange, AT_FDCWD, to, TYPED(const char* from, const char* to),
     NAMED(from, to))
CALL(fault_linkat, "linkat", int, Kind::kChange, to_at, to,
     TYPED(int from_at, const char* from, int to_at, const char* to, int flags),
     NAMED(from_at, from, to_at, to, flags))
CALL(fault_symlink, "symlink", int, Kind::kChange, AT_FDCWD, to,
     TYPED(const char* from, const char* to), NAMED(from, to))
CALL(fault_symlinkat, "symlinkat", int, Kind::kChange, at, to,
     TYPED(const char* from, int at, const char* to), NAMED(from, at, to))
CALL(fault_utimes, "utimes", int, Kind::kChange, AT_FDCWD, path,
     TYPED(const char* path, const timeval* times), NAMED(path, times))
CALL(fault_utimensat, "utimensat", int, Kind::kChange, at, path,
     TYPED(int at, const char* path, const timespec* times, int flags),
     NAMED(at, path, times, flags))
CALL(fault_futimens, "futimens", int, Kind::kChange, fd, nullptr,
     TYPED(int fd, const timespec* times), NAMED(fd, times))
CALL(fault_flock, "flock", int, Kind::kChange, fd, nullptr, TYPED(int fd, int operation),
     NAMED(fd, operation))

// It answers with the error, and does not set errno.
extern "C" int fault_posix_fallocate(int fd, off_t at, off_t size) REPLACES("posix_fallocate");
int fault_posix_fallocate(int fd, off_t at, off_t size) {
  static const auto under = real<int(int, off_t, off_t)>("posix_fallocate");
  const Verdict verdict = decide(Kind::kChange, "posix_fallocate", fd, nullptr);
  if (verdict == Verdict::kAfter)
    static_cast<void>(under(fd, at, size));
  return verdict == Verdict::kPass ? under(fd, at, size) : error();
}

// The descriptor is gone, whatever close says: what may fail is the writing that it completes.
extern "C" int fault_close(int fd) REPLACES("close");
int fault_close(int fd) {
  static const auto under = real<int(int)>("close");
  Verdict verdict = Verdict::kPass;
  if (wanted(Kind::kChange)) {
    const long flags = kernel(SYS_fcntl, fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
      verdict = decide(Kind::kChange, "close", fd, nullptr);
  }
  const int answer = under(fd);
  return verdict == Verdict::kPass ? answer : failure<int>();
}

CALL(fault_read, "read", ssize_t, Kind::kRead, fd, nullptr, TYPED(int fd, void* bytes, size_t size),
     NAMED(fd, bytes, size))
CALL(fault_pread, "pread", ssize_t, Kind::kRead, fd, nullptr,
     TYPED(int fd, void* bytes, size_t size, off_t at), NAMED(fd, bytes, size, at))
CALL(fault_pread64, "pread64", ssize_t, Kind::kRead, fd, nullptr,
     TYPED(int fd, void* bytes, size_t size, off_t at), NAMED(fd, bytes, size, at))
CALL(fault_stat, "stat", int, Kind::kRead, AT_FDCWD, path,
     TYPED(const char* path, struct stat* about), NAMED(path, about))
CALL(fault_stat64, "stat64", int, Kind::kRead, AT_FDCWD, path,
     TYPED(const char* path, struct stat* about), NAMED(path, about))
CALL(fault_lstat, "lstat", int, Kind::kRead, AT_FDCWD, path,
     TYPED(const char* path, struct stat* about), NAMED(path, about))
CALL(fault_lstat64, "lstat64", int, Kind::kRead, AT_FDCWD, path,
     TYPED(const char* path, struct stat* about), NAMED(path, about))
CALL(fault_fstat, "fstat", int, Kind::kRead, fd, nullptr, TYPED(int fd, struct stat* about),
     NAMED(fd, about))
CALL(fault_fstat64, "fstat64", int, Kind::kRead, fd, nullptr, TYPED(int fd, struct stat* about),
     NAMED(fd, about))
CALL(fault_fstatat, "fstatat", int, Kind::kRead, at, path,
     TYPED(int at, const char* path, struct stat* about, int flags), NAMED(at, path, about, flags))
CALL(fault_readlink, "readlink", ssize_t, Kind::kRead, AT_FDCWD, path,
     TYPED(const char* path, char* bytes, size_t size), NAMED(path, bytes, size))
CALL(fault_readlinkat, "readlinkat", ssize_t, Kind::kRead, at, path,
     TYPED(int at, const char* path, char* bytes, size_t size), NAMED(at, path, bytes, size))
CALL(fault_opendir, "opendir", DIR*, Kind::kRead, AT_FDCWD, path, TYPED(const char* path),
     NAMED(path))
CALL(fault_fdopendir, "fdopendir", DIR*, Kind::kRead, fd, nullptr, TYPED(int fd), NAMED(fd))
CALL(fault_readdir, "readdir", dirent*, Kind::kRead, ::dirfd(stream), nullptr, TYPED(DIR* stream),
     NAMED(stream))

extern "C" void* fault_mmap(void* at, size_t size, int access, int flags, int fd, off_t offset)
    REPLACES("mmap");
void* fault_mmap(void* at, size_t size, int access, int flags, int fd, off_t offset) {
  const Verdict verdict = fd < 0 ? Verdict::kPass : decide(Kind::kRead, "mmap", fd, nullptr);
  if (verdict == Verdict::kPass)
    return reinterpret_cast<void*>(kernel(SYS_mmap, at, size, access, flags, fd, offset));
  errno = error();
  return reinterpret_cast<void*>(-1);
}
extern "C" void* fault_mmap64(void* at, size_t size, int access, int flags, int fd, off_t offset)
    REPLACES("mmap64");
void* fault_mmap64(void* at, size_t size, int access, int flags, int fd, off_t offset) {
  return fault_mmap(at, size, access, flags, fd, offset);
}

#define PROCESS(function, symbol, answer, typed, named)        \
  extern "C" answer function(typed) REPLACES(symbol);          \
  answer function(typed) {                                     \
    static const auto under = real<answer(typed)>(symbol);     \
    return pass(process(symbol), [&] { return under named; }); \
  }
PROCESS(fault_fork, "fork", pid_t, TYPED(), NAMED())
PROCESS(fault_pipe2, "pipe2", int, TYPED(int* fds, int flags), NAMED(fds, flags))
PROCESS(fault_socket, "socket", int, TYPED(int domain, int type, int protocol),
        NAMED(domain, type, protocol))
PROCESS(fault_accept4, "accept4", int, TYPED(int fd, void* address, void* size, int flags),
        NAMED(fd, address, size, flags))
PROCESS(fault_bind, "bind", int, TYPED(int fd, const void* address, unsigned size),
        NAMED(fd, address, size))
PROCESS(fault_listen, "listen", int, TYPED(int fd, int backlog), NAMED(fd, backlog))
PROCESS(fault_connect, "connect", int, TYPED(int fd, const void* address, unsigned size),
        NAMED(fd, address, size))
PROCESS(fault_epoll_create1, "epoll_create1", int, TYPED(int flags), NAMED(flags))
PROCESS(fault_epoll_ctl, "epoll_ctl", int, TYPED(int epoll, int what, int fd, void* event),
        NAMED(epoll, what, fd, event))
PROCESS(fault_eventfd, "eventfd", int, TYPED(unsigned count, int flags), NAMED(count, flags))
PROCESS(fault_timerfd_create, "timerfd_create", int, TYPED(int clock, int flags),
        NAMED(clock, flags))
PROCESS(fault_signalfd, "signalfd", int, TYPED(int fd, const void* signals, int flags),
        NAMED(fd, signals, flags))
PROCESS(fault_unshare, "unshare", int, TYPED(int flags), NAMED(flags))
PROCESS(fault_execve, "execve", int,
        TYPED(const char* path, char* const* arguments, char* const* variables),
        NAMED(path, arguments, variables))
PROCESS(fault_dup2, "dup2", int, TYPED(int from, int to), NAMED(from, to))
PROCESS(fault_chdir, "chdir", int, TYPED(const char* path), NAMED(path))
PROCESS(fault_setrlimit, "setrlimit", int, TYPED(int what, const void* limit), NAMED(what, limit))
PROCESS(fault_setrlimit64, "setrlimit64", int, TYPED(int what, const void* limit),
        NAMED(what, limit))

// They answer with the error.
extern "C" int fault_posix_spawn(pid_t* pid, const char* path, const void* files, const void* how,
                                 char* const* arguments, char* const* variables)
    REPLACES("posix_spawn");
int fault_posix_spawn(pid_t* pid, const char* path, const void* files, const void* how,
                      char* const* arguments, char* const* variables) {
  static const auto under =
      real<int(pid_t*, const char*, const void*, const void*, char* const*, char* const*)>(
          "posix_spawn");
  if (process("posix_spawn") != Verdict::kPass)
    return error();
  return under(pid, path, files, how, arguments, variables);
}
extern "C" int fault_pthread_create(void* thread, const void* how, void* (*start)(void*),
                                    void* argument) REPLACES("pthread_create");
int fault_pthread_create(void* thread, const void* how, void* (*start)(void*), void* argument) {
  static const auto under =
      real<int(void*, const void*, void* (*)(void*), void*)>("pthread_create");
  return process("pthread_create") == Verdict::kPass ? under(thread, how, start, argument)
                                                     : error();
}

// The engine gives no further arguments.
extern "C" int fault_clone(int (*start)(void*), void* stack, int flags, void* argument, ...)
    REPLACES("clone");
int fault_clone(int (*start)(void*), void* stack, int flags, void* argument, ...) {
  static const auto under = real<int(int (*)(void*), void*, int, void*)>("clone");
  return pass(process("clone"), [&] { return under(start, stack, flags, argument); });
}

extern "C" long fault_syscall(long number, ...) REPLACES("syscall");
long fault_syscall(long number, ...) {
  std::array<long, 6> a{};
  va_list arguments;
  va_start(arguments, number);
  for (long& each : a)
    each = va_arg(arguments, long);
  va_end(arguments);
  const auto call = [&] {
    return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  };
  const auto text = [&](std::size_t at) {
    return reinterpret_cast<const char*>(a[at]);
  };
  switch (number) {
    case SYS_openat2: {
      const bool change = writes(static_cast<int>(*reinterpret_cast<const std::uint64_t*>(a[2])));
      return pass_fd(
          decide(change ? Kind::kChange : Kind::kRead, "openat2", static_cast<int>(a[0]), text(1)),
          [&] { return static_cast<int>(call()); });
    }
    case SYS_renameat2:
      return pass(decide(Kind::kChange, "renameat2", static_cast<int>(a[2]), text(3)), call);
    case SYS_pidfd_open: return pass(process("pidfd_open"), call);
    default: return call();
  }
}

#define TALK(function, symbol, typed, named)                                             \
  extern "C" ssize_t function(typed) REPLACES(symbol);                                   \
  ssize_t function(typed) {                                                              \
    static const auto under = real<ssize_t(typed)>(symbol);                              \
    return pass(decide(Kind::kTalk, symbol, AT_FDCWD, ""), [&] { return under named; }); \
  }
TALK(fault_send, "send", TYPED(int fd, const void* bytes, size_t size, int flags),
     NAMED(fd, bytes, size, flags))
TALK(fault_recv, "recv", TYPED(int fd, void* bytes, size_t size, int flags),
     NAMED(fd, bytes, size, flags))

extern "C" int fault_clock_gettime(clockid_t clock, timespec* now) REPLACES("clock_gettime");
int fault_clock_gettime(clockid_t clock, timespec* now) {
  static const auto under = real<int(clockid_t, timespec*)>("clock_gettime");
  const int answer = under(clock, now);
  if (clock == CLOCK_REALTIME && answer == 0)
    now->tv_sec += jump();
  return answer;
}
extern "C" int fault_gettimeofday(timeval* now, void* zone) REPLACES("gettimeofday");
int fault_gettimeofday(timeval* now, void* zone) {
  static const auto under = real<int(timeval*, void*)>("gettimeofday");
  const int answer = under(now, zone);
  if (answer == 0)
    now->tv_sec += jump();
  return answer;
}
extern "C" time_t fault_time(time_t* now) REPLACES("time");
time_t fault_time(time_t* now) {
  timespec spec{};
  fault_clock_gettime(CLOCK_REALTIME, &spec);
  if (now != nullptr)
    *now = spec.tv_sec;
  return spec.tv_sec;
}
