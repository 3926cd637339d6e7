/*
 * Makes many processes that do nothing, says when all are there, and ends them when its input ends:
 *     sleepers COUNT DESCRIPTORS
 * Each has DESCRIPTORS open files beside the three that it was born with.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 0, descriptors = argc > 2 ? atoi(argv[2]) : 0, made = 0;
  for (int i = 0; i < descriptors; i++)
    if (open("/dev/null", O_RDONLY) < 0) return 1;
  for (; made < count; made++) {
    pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(0);
      for (;;) pause();
    }
  }
  printf("%d sleepers\n", made);
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (wait(NULL) > 0) continue;
  return 0;
}
