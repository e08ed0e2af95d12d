"""Run a command that dies with the process that started it.

`python guard.py <signal> <parent pid> <user or "-"> command …` replaces itself by the command. Standard library only,
and never imported by the servers it starts: it runs before privileges are dropped, where the interpreter is still
readable.

A test run that is killed cannot clean up, and an orphaned server holds its port and its memory for ever. On Linux the
kernel is asked to signal the child when its parent's *thread* ends, so call it from a thread that lives as long as
the server should.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def drop_privileges(user: str) -> None:
    """Become `user`. PostgreSQL refuses to run as root."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ.update(HOME="/", USER=user, LOGNAME=user)


def die_with(parent: int, number: int) -> None:
    """Asks the kernel to send signal `number` to this process when the parent ends.

    Must come after the change of user, which clears the request.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


if __name__ == "__main__":
    number, parent, user, *command = sys.argv[1:]
    if user != "-":
        drop_privileges(user)
    die_with(int(parent), int(number))
    os.execvp(command[0], command)
