/*
 * Runs a command in a user namespace of its own that may use BPF all the same: a bpf file system is mounted at PATH
 * there, and the owner of the machine has delegated everything to it (Linux 6.9).
 *
 *     delegated PATH COMMAND...
 *
 * Ends with 77 where the kernel knows no delegation.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SET_STRING = 1, CREATE = 6, MOVE_EMPTY_PATH = 4, UNKNOWN = 77 };

static int pipes[2][2];
/* Of the file system in the making: both processes have one table of descriptors. */
static volatile int *shared;
static char **words;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

static void tell(int *pipe)
{
	if (write(pipe[1], "x", 1) != 1)
		fail("write");
}

static void wait_for(int *pipe)
{
	char byte;

	if (read(pipe[0], &byte, 1) != 1)
		_exit(1);
}

static int inside(void *unused)
{
	int mount;

	/* The file system belongs to the namespace of the one who begins it. */
	*shared = syscall(SYS_fsopen, "bpf", 0);
	if (*shared < 0)
		fail("fsopen");
	tell(pipes[0]);
	wait_for(pipes[1]);
	mount = syscall(SYS_fsmount, *shared, 0, 0);
	if (mount < 0)
		fail("fsmount");
	if (syscall(SYS_move_mount, mount, "", AT_FDCWD, words[1], MOVE_EMPTY_PATH))
		fail("move_mount");
	execv(words[2], words + 2);
	fail(words[2]);
	return 1;
}

static void put(const char *form, int pid, const char *text)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), form, pid);
	file = open(path, O_WRONLY);
	if (file < 0 || write(file, text, strlen(text)) < 0)
		fail(path);
	close(file);
}

/* The other one waits, and has the descriptors that it waits for to close. */
static void give_up(int pid, int code)
{
	kill(pid, SIGKILL);
	_exit(code);
}

int main(int argc, char **argv)
{
	static const char *const options[] = { "delegate_cmds", "delegate_maps", "delegate_progs", "delegate_attachs" };
	static int place;
	char *stack = malloc(1 << 16);
	int status, pid;

	if (argc < 3 || !stack)
		return 2;
	words = argv;
	shared = &place;
	if (pipe(pipes[0]) || pipe(pipes[1]))
		fail("pipe");
	pid = clone(inside, stack + (1 << 16), CLONE_VM | CLONE_FILES | CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, NULL);
	if (pid < 0)
		fail("clone");
	wait_for(pipes[0]);
	for (unsigned int i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (syscall(SYS_fsconfig, place, SET_STRING, options[i], "any", 0))
			give_up(pid, errno == EINVAL ? UNKNOWN : 1);
	if (syscall(SYS_fsconfig, place, CREATE, NULL, NULL, 0))
		give_up(pid, 1);
	put("/proc/%d/setgroups", pid, "deny");
	put("/proc/%d/uid_map", pid, "0 0 1");
	put("/proc/%d/gid_map", pid, "0 0 1");
	tell(pipes[1]);
	if (waitpid(pid, &status, 0) < 0)
		fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
