// Starts programs at a steady rate: `starter RATE SECONDS EVERY OTHER PROGRAM ARGUMENTS...`.
//
// Each EVERYth start is PROGRAM with its arguments, the others are OTHER. Prints how many it started, last.
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

double now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 6) return 2;
  const double rate = atof(arguments[1]);
  const double seconds = atof(arguments[2]);
  const int every = atoi(arguments[3]);
  char* const other[] = {arguments[4], nullptr};
  char* const* const program = arguments + 5;
  const double start = now();
  int started = 0;
  while (now() - start < seconds) {
    if (started >= (now() - start) * rate) {
      usleep(200);
    } else {
      char* const* words = started % every == 0 ? program : other;
      pid_t child;
      if (posix_spawn(&child, words[0], nullptr, nullptr, words, environ) != 0) return 1;
      started++;
    }
    while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
  }
  while (wait(nullptr) > 0) continue;
  printf("started %d\n", started);
  return 0;
}
