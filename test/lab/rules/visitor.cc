// Visits a server once and prints the address that the server saw it come from.
//
//   visitor serve PORT
//   visitor mark [MS]               prints the mark that a new socket begins with, MS milliseconds after the start
//   visitor tcp|udp ADDRESS PORT [--forks N] [--times N] [--pause MS] [--hold MS] [--from ADDRESS] [--name NAME]
//
// The socket is made in the first instructions of main, or of the youngest of N generations of children. With --times
// it visits again and again over new sockets, one line each: the address, or the name of the error. With --hold each
// socket stays open for so long. With --name the C library looks an address up, of the family of the one that is given.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kAnswerMs = 1000;

std::string textOf(const sockaddr_in6& peer) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof text);
  const std::string address = text;
  return address.rfind("::ffff:", 0) == 0 ? address.substr(7) : address;
}

int bound(int type, int port) {
  const int fd = socket(AF_INET6, type, 0);
  const int no = 0;
  const int yes = 1;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in6 own{};
  own.sin6_family = AF_INET6;
  own.sin6_port = htons(static_cast<uint16_t>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
    perror("bind");
    exit(1);
  }
  return fd;
}

[[noreturn]] void serve(int port) {
  const int udp = bound(SOCK_DGRAM, port);
  const int listener = bound(SOCK_STREAM, port);
  listen(listener, 512);
  puts("ready");
  fflush(stdout);
  for (;;) {
    pollfd waiting[] = {{udp, POLLIN, 0}, {listener, POLLIN, 0}};
    poll(waiting, 2, -1);
    sockaddr_in6 peer{};
    socklen_t length = sizeof peer;
    if ((waiting[0].revents & POLLIN) != 0) {
      char byte;
      if (recvfrom(udp, &byte, 1, 0, reinterpret_cast<sockaddr*>(&peer), &length) >= 0) {
        const std::string text = textOf(peer);
        sendto(udp, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&peer), length);
      }
    }
    if ((waiting[1].revents & POLLIN) != 0) {
      length = sizeof peer;
      const int fd = accept(listener, reinterpret_cast<sockaddr*>(&peer), &length);
      if (fd < 0) continue;
      const std::string text = textOf(peer);
      send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      shutdown(fd, SHUT_WR);
      // The visitor closes first, so that it is the one who waits out the connection's end.
      const timeval patience{0, 200'000};
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      char rest[16];
      (void)!recv(fd, rest, sizeof rest, 0);
      close(fd);
    }
  }
}

std::string visit(int type, const char* address, const char* port, const char* from, int holdMs,
                  const char* name) {
  const int family = strchr(address, ':') == nullptr ? AF_INET : AF_INET6;
  const int fd = socket(family, type, 0);
  if (fd < 0) return strerrorname_np(errno);
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = type;
  hints.ai_flags = (name == nullptr ? AI_NUMERICHOST : 0) | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  std::string answer = "EADDR";
  const auto attempt = [&]() -> std::string {
    if (from != nullptr) {
      addrinfo* own = nullptr;
      if (getaddrinfo(from, nullptr, &hints, &own) != 0) return "EADDR";
      const int status = bind(fd, own->ai_addr, own->ai_addrlen);
      freeaddrinfo(own);
      if (status != 0) return strerrorname_np(errno);
    }
    const timeval patience{kAnswerMs / 1000, kAnswerMs % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) return strerrorname_np(errno);
    if (send(fd, "?", 1, MSG_NOSIGNAL) < 0) return strerrorname_np(errno);
    char text[128];
    const ssize_t length = recv(fd, text, sizeof text, 0);
    return length <= 0 ? std::string(strerrorname_np(length == 0 ? EPIPE : errno)) : std::string(text, length);
  };
  if (getaddrinfo(name == nullptr ? address : name, port, &hints, &found) == 0) {
    hints.ai_flags = AI_NUMERICHOST;
    answer = attempt();
    usleep(static_cast<useconds_t>(holdMs) * 1000);
    freeaddrinfo(found);
  }
  close(fd);
  return answer;
}

int printMark() {
  uint32_t mark = 0;
  socklen_t length = sizeof mark;
  getsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_MARK, &mark, &length);
  printf("0x%x\n", mark);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() == 2 && words[0] == "serve") serve(atoi(words[1].c_str()));
  if (!words.empty() && words[0] == "mark") {
    if (words.size() > 1) usleep(static_cast<useconds_t>(atoi(words[1].c_str())) * 1000);
    return printMark();
  }
  if (words.size() < 3) return 2;
  int forks = 0;
  int times = 1;
  int pauseMs = 0;
  int holdMs = 0;
  const char* from = nullptr;
  const char* name = nullptr;
  for (size_t i = 3; i + 1 < words.size(); i += 2) {
    if (words[i] == "--forks") forks = atoi(words[i + 1].c_str());
    if (words[i] == "--times") times = atoi(words[i + 1].c_str());
    if (words[i] == "--pause") pauseMs = atoi(words[i + 1].c_str());
    if (words[i] == "--hold") holdMs = atoi(words[i + 1].c_str());
    if (words[i] == "--from") from = words[i + 1].c_str();
    if (words[i] == "--name") name = words[i + 1].c_str();
  }
  for (; forks > 0; forks--) {
    const pid_t child = fork();
    if (child == 0) continue;
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
  const int type = words[0] == "tcp" ? SOCK_STREAM : SOCK_DGRAM;
  for (int i = 0; i < times; i++) {
    if (i > 0) usleep(static_cast<useconds_t>(pauseMs) * 1000);
    puts(visit(type, words[1].c_str(), words[2].c_str(), from, holdMs, name).c_str());
    fflush(stdout);
  }
  return 0;
}
