// Does for one service what systemd does with the descriptors that it keeps (sd_notify(3), sd_listen_fds(3)).
//
//   service-manager SOCKET STEP COMMAND...
//
// Listens at SOCKET, runs STEP, keeps the descriptor that it hands over, and becomes COMMAND with a copy of it. A child
// goes on as the manager, with the descriptor open until it is told to forget it, and ends when nobody knows it any
// more: the lab kills it with the namespace. What is said to it is in SOCKET.log, one message a line.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr int kHandedOver = 3;

int kept = -1;
std::string keptName;

std::string valueOf(const std::string& message, const std::string& name) {
  const size_t at = ("\n" + message).find("\n" + name + "=");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 1;
  return message.substr(begin, message.find('\n', begin) - begin);
}

void take(int socket, FILE* log) {
  char text[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec part{text, sizeof text};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = control;
  head.msg_controllen = sizeof control;
  const ssize_t length = recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
  if (length < 0) return;
  std::string message(text, static_cast<size_t>(length));
  int fd = -1;
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&head)) memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  const std::string name = valueOf(message, "FDNAME");
  if (fd >= 0 && valueOf(message, "FDSTORE") == "1" && kept < 0) {
    kept = fd;
    keptName = name;
  } else if (fd >= 0) {
    // The end of a barrier, or more than there is room for.
    close(fd);
  }
  if (valueOf(message, "FDSTOREREMOVE") == "1" && name == keptName && kept >= 0) {
    close(kept);
    kept = -1;
  }
  for (char& each : message) {
    if (each == '\n') each = ' ';
  }
  fprintf(log, "%s\n", message.c_str());
  fflush(log);
}

// Serves until the process has ended, or for ever.
void serve(int socket, FILE* log, pid_t until) {
  for (;;) {
    pollfd readable{socket, POLLIN, 0};
    // What it has said before its end is waiting by then.
    const bool hasEnded = until > 0 && waitpid(until, nullptr, WNOHANG) == until;
    const int ready = poll(&readable, 1, hasEnded ? 0 : 10);
    if (ready > 0) take(socket, log);
    if (ready == 0 && hasEnded) return;
  }
}

void die(const char* what) {
  perror(what);
  exit(1);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 2;
  const std::string path = arguments[1];
  unlink(path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un own{};
  own.sun_family = AF_UNIX;
  strncpy(own.sun_path, path.c_str(), sizeof own.sun_path - 1);
  if (bind(socket, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) die("bind");
  chmod(path.c_str(), 0666);
  FILE* log = fopen((path + ".log").c_str(), "ae");
  if (log == nullptr) die("fopen");
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  setenv("WATCHDOG_USEC", "200000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);

  const pid_t step = fork();
  if (step == 0) {
    execl(arguments[2], arguments[2], nullptr);
    die("execl");
  }
  serve(socket, log, step);

  const int copy = kept < 0 ? -1 : fcntl(kept, F_DUPFD_CLOEXEC, kHandedOver + 1);
  const pid_t manager = fork();
  if (manager == 0) {
    close(copy);
    setsid();
    signal(SIGHUP, SIG_IGN);
    serve(socket, log, -1);
  }
  if (copy >= 0) {
    // Not closed by what comes next, unlike everything else.
    dup2(copy, kHandedOver);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", keptName.c_str(), 1);
  }
  execvp(arguments[3], arguments + 3);
  die("execvp");
}
