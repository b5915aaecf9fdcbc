#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "functions.h"
#include "readable_object.h"

namespace bowline {

// Holds processes that are about to become certain programs until they are let through.
class ExecGate final : public ReadableObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kExecGate;

  explicit ExecGate(Call& call) : ReadableObject(kKind, "the gate", endAtError) {
    fd_ = std::move(call.instance->execGroup);
    if (fd_.isOpen()) return;
    fd_ = FileDescriptor(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC));
    if (!fd_.isOpen()) throwSystem("fanotify_init");
  }

  napi_value add(Call& call) { return mark(call, FAN_MARK_ADD); }

  napi_value remove(Call& call) { return mark(call, FAN_MARK_REMOVE); }

  napi_value clear(Call& call) {
    requireOpen();
    flush(fd_.get());
    return call.undefined();
  }

  napi_value descriptor(Call& call) {
    requireOpen();
    return makeInt32(call.env, fd_.get());
  }

  // Takes all marks away; fails for a descriptor that is no group.
  static void flush(int fd) {
    if (fanotify_mark(fd, FAN_MARK_FLUSH, 0, AT_FDCWD, nullptr) != 0) throwSystem("fanotify_mark");
  }

  // Whoever waits at the end of the process is let through by it.
  napi_value startPolling(Call& call) {
    const napi_value nothing = ReadableObject::startPolling(call);
    letProcessEnd();
    return nothing;
  }

  // Four numbers for each who waits: process id, device and inode of the program, and the ticket for allow().
  napi_value read(Call& call) {
    requireOpen();
    napi_value list = nullptr;
    check(call.env, napi_create_array(call.env, &list));
    uint32_t count = 0;
    const auto add = [&](double value) {
      check(call.env, napi_set_element(call.env, list, count++, makeNumber(call.env, value)));
    };
    alignas(fanotify_event_metadata) char buffer[4096];
    ssize_t left = ::read(fd_.get(), buffer, sizeof buffer);
    if (left < 0 && errno != EAGAIN && errno != EINTR) throwSystem("read");
    for (const auto* event = reinterpret_cast<fanotify_event_metadata*>(buffer); FAN_EVENT_OK(event, left);
         event = FAN_EVENT_NEXT(event, left)) {
      if (event->fd < 0) continue;
      struct stat program{};
      if (event->vers != FANOTIFY_METADATA_VERSION || fstat(event->fd, &program) != 0) {
        respond(event->fd);
        continue;
      }
      add(event->pid);
      add(static_cast<double>(program.st_dev));
      add(static_cast<double>(program.st_ino));
      add(event->fd);
    }
    return list;
  }

  napi_value allow(Call& call) {
    requireOpen();
    respond(call.int32(0, "ticket"));
    return call.undefined();
  }

 private:
  napi_value mark(Call& call, unsigned flags) {
    requireOpen();
    const std::string path = call.string(0, "path", 4095);
    if (fanotify_mark(fd_.get(), flags, FAN_OPEN_EXEC_PERM, AT_FDCWD, path.c_str()) != 0) {
      throwSystem("fanotify_mark");
    }
    return call.undefined();
  }

  void respond(int ticket) {
    fanotify_response response{};
    response.fd = ticket;
    response.response = FAN_ALLOW;
    // ENOENT: the process was killed while it waited.
    const ssize_t written = write(fd_.get(), &response, sizeof response);
    const int error = errno;
    ::close(ticket);
    if (written < 0 && error != ENOENT) throwSystem("write", error);
  }
};

napi_value adoptExecGroup(Call& call) {
  // A copy, so that no number from outside decides what is closed here one day.
  FileDescriptor copy(fcntl(call.int32(0, "fd"), F_DUPFD_CLOEXEC, 0));
  if (!copy.isOpen()) throwSystem("fcntl");
  ExecGate::flush(copy.get());
  call.instance->execGroup = std::move(copy);
  return call.undefined();
}

void defineExecGate(napi_env env, napi_value exports) {
  defineClass(env, exports, "ExecGate", boundary<callConstructor<ExecGate>>,
              {
                  method<ExecGate, &ExecGate::add>("add"),
                  method<ExecGate, &ExecGate::remove>("remove"),
                  method<ExecGate, &ExecGate::clear>("clear"),
                  getter<ExecGate, &ExecGate::descriptor>("descriptor"),
                  // There is no way to stop: whoever waits would then wait for ever.
                  method<ExecGate, &ExecGate::startPolling>("startPolling"),
                  method<ExecGate, &ExecGate::read>("read"),
                  method<ExecGate, &ExecGate::allow>("allow"),
                  // Whoever still waits then is let through by the kernel.
                  method<ExecGate, &ExecGate::close>("close"),
              });
}

}  // namespace bowline
