#include "engine/base/result.h"

#include <cerrno>
#include <system_error>

namespace fleet {

Errc errc_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return Errc::kNotFound;
    case EEXIST:
    case ENOTEMPTY: return Errc::kExists;
    case EAGAIN:
    case EBUSY: return Errc::kBusy;
    case ENOSPC:
    case EDQUOT: return Errc::kNoSpace;
    case EROFS:
    case EACCES:
    case EPERM: return Errc::kReadOnly;
    case ETIMEDOUT: return Errc::kTimeout;
    case ECANCELED: return Errc::kCancelled;
    case ENOSYS:
    case EOPNOTSUPP: return Errc::kUnsupported;
    case EINVAL:
    case ENAMETOOLONG: return Errc::kInvalid;
    default: return Errc::kIo;
  }
}

Error os_error(std::string_view call, std::string_view subject, int error_number) {
  return Error(errc_of(error_number), fmt::format("{} {}: {}", call, subject,
                                                  std::generic_category().message(error_number)));
}

}  // namespace fleet
