"""The executor: the small resident program inside a sandbox that starts processes and touches files for mlrb.

Standard library only, Python 3.8 or newer, one process. Started as `executor.py serve SETTINGS` or `executor.py sweep SETTINGS`,
where SETTINGS is a JSON object:

    run_id             text; jobs carry it as MLRB_RUN_ID
    workspace, data    the contestant's folder, and the read-only one (null: none)
    jobs_folder        one record per job, `<job_id>.json`
    state_file         where this program says who and where it is, when its time is up (and, at the end, that it has ended)
    quota_folders      what counts towards disk_limit_bytes: the workspace and other places jobs write to
    disk_limit_bytes   also the largest size of any single file (RLIMIT_FSIZE)
    environment        the whole environment of a job, but for MLRB_JOB_ID
    seconds            until the deadline, counted here on a monotonic clock; never later than an executor before this one had it
    socket             path of the Unix socket to serve; null: standard input and output, which several clients may share
    socket_mode        permissions of that socket; left out: 0600
    agent              {"uid", "gid"} that jobs and file operations run as, where this program is root; null or left out: its own
    owns_processes     whether every other process that it sees, but process 1, belongs to the run: so in a container
    log_file           where standard error goes; left out: it stays
    egress             {"socket", "port"}: where the network is open, a listening socket on this port of the loopback interface is handed
                       to whoever listens at the Unix socket, and serves jobs from there; left out: there is no way out
    clock_file         {"paused_seconds"}: how long the run has been frozen in all; written from outside before it is thawed

`serve` prints the line `ready` when it can be reached (on the socket only) and goes on until the deadline, `end` or SIGTERM.
`sweep` ends what a dead executor left behind and exits.

Protocol: one JSON object a line, ASCII only.

    request   {"id": "<client nonce>:<n>", "op": "...", "args": {...}}
    answer    {"id": "...", "result": {...}}   or   {"id": "...", "error": {"kind": "input|limit|sandbox", "message": "..."}}

A result comes with `usage`, what `usage` would answer just then, so that nobody needs to ask; left out while many jobs run.

Answers come in any order. Ids are unique across clients, so clients that share one stream pick out their own. Lines that are blank,
garbled or without an id are ignored: a client that died halfway through a line harms nobody if the next one begins with a newline.
A repeated id acts once: `write` and `edit` are remembered for a while, `start` is idempotent by job_id, the others change nothing
when repeated. Every `message` is a sentence fit for the contestant; anything else goes to standard error.

    hello   {}                                                     -> {version, run_id, pid}
    start   {job_id, argv, command, wait_ms, max_bytes}            -> job with output
    wait    {job_id, cursor|null, wait_ms, max_bytes}              -> job with output
    cancel  {job_id}                                               -> job
    jobs    {limit}                                                -> {jobs, total}
    read    {path, start_line, end_line|null, max_bytes}           -> {path, size_bytes, text, start_line, end_line, total_lines, truncated}
    write   {path, text}                                           -> {path, size_bytes, lines, created}
    edit    {path, target, replacement, where, all}                -> as write, and {occurrences, at_lines}
    list    {path, depth}                                          -> {path, entries, omitted}
    usage   {}                                                     -> {seconds_left, disk_bytes, disk_limit_bytes, running_jobs}
    end     {reason}                                               -> {} once every process is gone; the program then exits

A job whose argv is `bash -c SCRIPT` may be given to a shell that has begun before, and waits (see `Shell`).

A job is {job_id, command, state, exit_code, exit_signal, ended_by, no_room, background, started_at, seconds, output_bytes,
output_path}; with output also {output, from, cursor}. Cursors are byte offsets into the output file. `no_room` says that nothing more
could be written when it ended: `run` (the disk limit is reached), `host` (its disk is full), or null.

Disk: over the limit, everything that runs is ended (`disk_full`) and writes are refused. Jobs can still be started, since deleting
needs one, but they are ended as soon as the usage grows again, and at each look while something cannot be measured.
"""

import array
import codecs
import collections
import contextlib
import errno
import json
import os
import queue
import re
import resource
import selectors
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import traceback

VERSION = 1
FILE_LIMIT_BYTES = 10 * 1000 * 1000
COUNT_LINES_BYTES = 64 * 1000 * 1000
MAX_PAGE_BYTES = 1 << 20
READ_BYTES = 1 << 16  # at once; a larger buffer is mapped into memory anew for each read
MAX_LINE_BYTES = 128 << 20
MAX_UNSENT_BYTES = 64 << 20
MAX_ENTRIES = 500
MAX_RUNNING_JOBS = 256
MAX_JOBS_TOLD = 8
JOB_NICENESS = 10
CANCEL_GRACE_S = 2.0
KILL_LIMIT_S = 10.0
GROWTH_SLACK_BYTES = 1 << 20
ENTRY_BYTES = 4096  # what a name costs a disk, at most
UNMEASURED = 1 << 60
MAX_DESCRIPTORS = 50_000  # of all processes together: a second to look at
QUICK_SCAN_S = 0.1
FULL_DISK_BYTES = 1 << 16
JOBS_FOLDER_NAME = ".jobs"
JOB_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\"]")
SURROGATE = re.compile("[\ud800-\udfff]")
MAX_SCRIPT_BYTES = (128 << 10) - 1  # as much as Linux takes as one argument
SHELLS_AHEAD = 3
SETPRIV = "/usr/bin/setpriv"
LINUX = sys.platform.startswith("linux")


class Refusal(Exception):
    """An answer that is not a result: `input` (the contestant can fix it), `limit`, or `sandbox`. The text is a sentence of ours."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind
        self.message = message


def bad_input(message):
    return Refusal("input", message)


def over_limit(message):
    return Refusal("limit", message)


def host_disk_full():
    return over_limit(
        "The disk of the host is full, so nothing was written and nothing that was there is lost. "
        "Delete files you no longer need and try again."
    )


def quoted(text):
    """A name as a sentence may show it: one line, not too long, and with no quote that would end it early."""
    clean = UNSHOWN.sub("\ufffd", SURROGATE.sub("\ufffd", text))
    return '"%s"' % (clean if len(clean) <= 120 else clean[:117] + "...")


def grouped(number):
    """As people write it: 202,651."""
    return "{:,}".format(number)


def well_formed(name):
    """A file's name as text that any client can take; bytes that are not UTF-8 are replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


def utc(seconds):
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return "%s.%03dZ" % (whole, int(seconds * 1000) % 1000)


def log(message):
    """A line for the operator; dropped where the log's own disk is full."""
    try:
        os.write(2, ("%s %s\n" % (utc(time.time()), message)).encode("utf-8", "replace"))
    except OSError:
        pass


def write_atomically(path, data):
    """Replaces the file or leaves it as it was. Not synced: it survives this process, not the machine."""
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            write_all(fd, data)
        finally:
            os.close(fd)
        os.rename(temporary, path)
    except OSError:
        remove_quietly(temporary)
        raise


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class NextFile:
    """
    An empty file made before it is needed, without a name until then: on a disk that has seen much, making a file takes far longer than
    naming it. Some file systems know no files without names.
    """

    def __init__(self, flags):
        self.flags = flags
        self.fd = None

    def make(self, folder):
        """Makes it on the disk of the folder, where that can be."""
        with contextlib.suppress(OSError, AttributeError):
            self.fd = os.open(folder, os.O_TMPFILE | os.O_CLOEXEC | self.flags, 0o644)

    def put(self, data, name, folder):
        """Its descriptor, when it holds the data and has the name in the folder. @raises OSError if it cannot: then nothing has that name from here."""
        if self.fd is None:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        fd, self.fd = self.fd, None
        try:
            if data:
                write_all(fd, data)
            else:
                os.utime(fd)  # it was made when the job before it ended
            os.link("/proc/self/fd/%d" % fd, name, dst_dir_fd=folder)
            return fd
        except OSError:
            os.close(fd)
            raise


def remove_quietly(path, dir_fd=None):
    try:
        os.unlink(path, dir_fd=dir_fd)
    except OSError:
        pass


def read_json(path):
    """The object in the file; None if it is missing or damaged."""
    try:
        value = json.loads(head_of(path, READ_BYTES))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def encoded(value):
    """JSON in one line, ASCII only."""
    return json.dumps(value, separators=(",", ":")).encode()


def read_file(path):
    """(Every job waits for some of these: `open` makes five system calls more.)"""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(fd, READ_BYTES), b""))
    finally:
        os.close(fd)


class OpenFile:
    """A file of the kernel's that is read again and again."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self):
        return os.pread(self.fd, READ_BYTES, 0)


def open_first(*paths):
    """The first of the files that can be opened; None where none can."""
    for path in paths:
        with contextlib.suppress(OSError):
            return OpenFile(path)
    return None


def head_of(path, length):
    """The first bytes of a file."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, length)
    finally:
        os.close(fd)


# --- Who acts ----------------------------------------------------------------------------------------------------------


class Agent:
    """
    The unprivileged user of the contestant. `with agent.acting():` gives the calling thread that user's permissions on files, and
    on nothing else: the kernel keeps the user for file access apart (setfsuid), by thread, and takes the capabilities that pass
    over file permissions away while it is not root. `with agent.pausing():` inside is the executor itself again.
    """

    def __init__(self, user):
        import ctypes

        self.uid = user["uid"]
        self.gid = user["gid"]
        self.libc = ctypes.CDLL(None)
        os.setgroups([])

    def acting(self):
        return self.being(self.uid, self.gid)

    def pausing(self):
        return self.being(0, 0)

    @contextlib.contextmanager
    def being(self, uid, gid):
        before_gid, before_uid = self.libc.setfsgid(gid), self.libc.setfsuid(uid)
        try:
            # Neither call tells whether it worked: only asking again does.
            if self.libc.setfsuid(-1) != uid or self.libc.setfsgid(-1) != gid:
                raise Refusal("sandbox", "The sandbox cannot act as the contestant's user. Tell the operator.")
            yield
        finally:
            self.libc.setfsuid(before_uid)
            self.libc.setfsgid(before_gid)

    def command(self, argv):
        """
        How a job becomes the agent: by a program that changes the user and then turns into the job. Until then it is root's, so whoever
        starts it never waits for a process that the contestant could stop.
        """
        if os.path.exists(SETPRIV):
            return [SETPRIV, "--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups", "--"] + argv
        return [sys.executable, "-I", "-S", "-B", "-c", CHANGE_USER, str(self.uid), str(self.gid)] + argv

    def check_program(self, name, environment, folder):
        """@raises OSError as starting it would, where that can be told before."""
        folders = [folder] if "/" in name else environment.get("PATH", os.defpath).split(":")
        found = errno.ENOENT
        for path in [os.path.join(folder, each, name) for each in folders if name]:
            try:
                status = os.stat(path)
            except OSError as error:
                found = error.errno if error.errno != errno.ENOTDIR else found
                continue
            if not stat.S_ISREG(status.st_mode) or not self.may_execute(status):
                found = errno.EACCES
                continue
            with contextlib.suppress(PermissionError):  # what may be executed need not be readable
                if not head_of(path, 4).startswith((b"\x7fELF", b"#!")):
                    raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC))
            return
        raise OSError(found, os.strerror(found))

    def may_execute(self, status):
        if status.st_uid == self.uid:
            return status.st_mode & stat.S_IXUSR
        return status.st_mode & (stat.S_IXGRP if status.st_gid == self.gid else stat.S_IXOTH)


# For images without setpriv.
CHANGE_USER = """
import os, signal, sys
uid, gid, *argv = sys.argv[1:]
for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)  # Python ignores them
os.setgroups([])
os.setgid(int(gid))
os.setuid(int(uid))
try:
    os.execvp(argv[0], argv)
except OSError as error:
    print("%s cannot be run: %s" % (argv[0], error.strerror), file=sys.stderr)
    sys.exit(127 if isinstance(error, FileNotFoundError) else 126)
"""


class Oneself:
    """Stands in for the agent where jobs run as the user of this program."""

    def acting(self):
        return contextlib.nullcontext()

    def pausing(self):
        return contextlib.nullcontext()

    def check_program(self, _name, _environment, _folder):
        pass

    def command(self, argv):
        return argv


# --- Processes ---------------------------------------------------------------------------------------------------------


def become_subreaper():
    """Makes daemons that fork twice our children again, so that they can be found. Linux only."""
    if not LINUX:
        return
    try:
        import ctypes

        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        log("could not become a child subreaper")


def read_proc(pid, name):
    try:
        return read_file("/proc/%s/%s" % (pid, name))
    except OSError:
        return b""


ProcessInfo = collections.namedtuple("ProcessInfo", "state parent group session start")


def process_info(pid):
    """State, parent, process group, session and start time (clock ticks since boot) from /proc; None where there is no such process."""
    fields = read_proc(pid, "stat").rpartition(b")")[2].split()
    if len(fields) < 20:
        return None
    return ProcessInfo(fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def start_time(pid):
    info = process_info(pid)
    return info.start if info else None


def is_same_process(pid, start):
    """Whether the process that was recorded still runs, and not another one with its number."""
    info = process_info(pid) if pid and start is not None else None
    return info is not None and info.start == start and info.state != "Z"


def is_running(pid):
    info = process_info(pid)
    return info is not None and info.state != "Z"


def boot_id():
    return read_proc("sys/kernel/random", "boot_id").decode().strip() or None


def environment_value(pid, name):
    prefix = name.encode() + b"="
    for item in read_proc(pid, "environ").split(b"\0"):
        if item.startswith(prefix):
            return item[len(prefix) :].decode("utf-8", "replace")
    return None


def all_pids():
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def children(pid):
    """Direct children as the kernel lists them; None where it was built without that list."""
    try:
        threads = os.listdir("/proc/%d/task" % pid)
    except OSError:
        return []
    found = []
    for thread in threads:
        try:
            found.extend(int(child) for child in read_file("/proc/%d/task/%s/children" % (pid, thread)).split())
        except FileNotFoundError:
            if not os.path.exists("/proc/self/task/%d/children" % os.getpid()):
                return None
        except OSError:
            continue
    return found


def descendants():
    """Every process below this one. Costs by the number of descendants, not of processes on the host."""
    found, pending = [], [os.getpid()]
    while pending:
        below = children(pending.pop())
        if below is None:
            return descendants_by_scan()
        found.extend(below)
        pending.extend(below)
    return found


def descendants_by_scan():
    by_parent = collections.defaultdict(list)
    for pid in all_pids():
        info = process_info(pid)
        if info:
            by_parent[info.parent].append(pid)
    found, pending = [], [os.getpid()]
    while pending:
        below = by_parent.get(pending.pop(), [])
        found.extend(below)
        pending.extend(below)
    return found


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def send_group_signal(group, number):
    """Whether the group had a member to take the signal; with signal 0, whether it has one."""
    try:
        os.killpg(group, number)
        return True
    except OSError:
        return False


def kill_until_gone(find, is_over, limit_s=KILL_LIMIT_S):
    """
    Kills the process groups of what `find` finds, and looks again. By groups, since the kernel signals all members of one at
    once, also those that fork just then; stopped first, until no further group appears, since a stopped one founds no other.
    """
    give_up = time.monotonic() + limit_s
    while not is_over():
        stopped = set()
        for _ in range(50):
            fresh = groups_of(find()) - stopped
            if not fresh:
                break
            for group in fresh:
                send_group_signal(group, signal.SIGSTOP)
            stopped |= fresh
        for group in stopped:
            send_group_signal(group, signal.SIGKILL)
        if time.monotonic() > give_up:
            log("process groups that could not be killed: %s" % sorted(stopped))
            return
        time.sleep(0.003)


def groups_of(pids):
    """Their process groups; never the caller's own, to which no job belongs."""
    infos = [process_info(pid) for pid in pids]
    return {info.group for info in infos if info is not None and info.state != "Z"} - {os.getpgrp(), 0}


def kill_all_others(is_over, limit_s=KILL_LIMIT_S):
    """Kills every process of this process namespace but this one and the first, all at once: none can fork its way out."""
    give_up = time.monotonic() + limit_s
    while not is_over():
        send_signal(-1, signal.SIGKILL)
        if time.monotonic() > give_up:
            log("processes that could not be killed: %s" % all_pids())
            return
        time.sleep(0.002)


class MemoryKills:
    """How often the kernel has ended a process of this control group for want of memory."""

    def __init__(self):
        self.file = open_first("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")

    def count(self):
        """0 where the kernel does not say."""
        with contextlib.suppress(OSError, ValueError):
            for line in self.file.read().split(b"\n") if self.file else ():
                key, _, value = line.partition(b" ")
                if key == b"oom_kill":
                    return int(value)
        return 0


def offer_to_kernel(pid):
    """Lets the kernel end this process before the executor when memory runs out; what it starts inherits that."""
    try:
        fd = os.open("/proc/%d/oom_score_adj" % pid, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, b"500")
        finally:
            os.close(fd)
    except OSError:
        pass


def find_strays(settings):
    """Processes of the run that are not below this one: those that carry its id, and those in groups that a record names."""
    own = {os.getpid(), os.getppid()}
    if not LINUX:
        return []
    if settings.get("owns_processes"):
        return [pid for pid in all_pids() if pid not in own | {1} and is_running(pid)]
    groups = set()
    for record in read_records(settings["jobs_folder"]):
        if record["state"] == "running" and is_same_process(record["pid"], record["pid_start"]):
            groups.add(record["pid"])
    found = []
    for pid in all_pids():
        if pid in own:
            continue
        info = process_info(pid)
        if info is None or info.state == "Z":
            continue
        if info.session in groups or environment_value(pid, "MLRB_RUN_ID") == settings["run_id"]:
            found.append(pid)
    return found


def sweep(settings):
    """Ends what an executor that died left behind: itself if it only hangs, its jobs, and their descendants."""
    state = read_json(settings["state_file"]) or {}
    if state.get("boot_id") == boot_id() and is_same_process(state.get("pid"), state.get("pid_start")):
        if state["pid"] != os.getpid():
            send_signal(state["pid"], signal.SIGKILL)
    kill_until_gone(lambda: find_strays(settings), lambda: not find_strays(settings))


class BackRow:
    """
    Does things on a thread that comes after this program's others, by its niceness, when processors are given out (the kernel keeps that
    by thread), and so does what it starts: however many processes a job has, they do not keep this program from its turn.
    """

    def __init__(self, niceness):
        self.niceness = niceness
        self.tasks = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        os.nice(self.niceness)
        while True:
            task, promise = self.tasks.get()
            try:
                promise.keep(task(), None)
            except Exception as error:  # noqa: BLE001 - raised where it was asked for
                promise.keep(None, error)

    def begin(self, task):
        """A promise of what `task()` returns."""
        promise = Promise()
        self.tasks.put((task, promise))
        return promise

    def run(self, task):
        return self.begin(task).value()


class Promise:
    """What a task on another thread returns, once it has."""

    def __init__(self):
        self.outcome = None
        self.has_outcome = threading.Event()

    def keep(self, value, error):
        self.outcome = value, error
        self.has_outcome.set()

    def is_kept(self):
        return self.has_outcome.is_set()

    def value(self):
        """Waits for it. @raises what the task raised."""
        self.has_outcome.wait()
        value, error = self.outcome
        if error is not None:
            raise error
        return value


# --- Shells ------------------------------------------------------------------------------------------------------------


class Shell:
    """
    A bash that has begun and waits for its script: to start one takes longer than most of what shells are asked to do. The script
    sees what it would see had bash been started with it (its line numbers, BASH_EXECUTION_STRING, SECONDS, no descriptor but the
    standard ones), except that its syntax errors are said to be those of `eval`, that `set -x` marks each line with one sign more, and
    that bash does not turn into a program that is the last of the script. The shell goes when this program does.
    """

    BEGIN = (
        'read -r -u {0} MLRB_JOB_ID || exit; IFS= read -r -d "" -u {1} BASH_EXECUTION_STRING; exec {0}<&- {1}<&-; SECONDS=0; '
        'eval "$BASH_EXECUTION_STRING"'
    )

    def __init__(self, start, output):
        """`start(argv, pass_fds)` starts a process that writes to the descriptor `output`, and returns its number and start time."""
        self.output = output
        reader, self.order = os.pipe()
        self.script = unnamed_file()
        try:
            argv = ["bash", "-c", self.BEGIN.format(reader, self.script)]
            self.pid, self.pid_start = start(argv, (reader, self.script))
        except BaseException:
            self.let_go()
            raise
        finally:
            os.close(reader)

    def is_there(self):
        try:
            return os.waitpid(self.pid, os.WNOHANG) == (0, 0)
        except ChildProcessError:
            return False

    def run(self, job_id, script):
        """@raises OSError if it cannot be told; then it goes."""
        try:
            data = script.encode()
            if os.pwrite(self.script, data, 0) < len(data):  # it stays at the beginning, where the shell reads
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.write(self.order, job_id.encode() + b"\n")
            self.close_order()
            send_signal(self.pid, signal.SIGCONT)  # a job before may have stopped all it could
        except OSError:
            self.let_go()
            raise

    def has_begun(self):
        """Whether it has read any of its script: it reads on from where this program's descriptor stands."""
        return os.lseek(self.script, 0, os.SEEK_CUR) > 0

    def told(self):
        return os.pread(self.script, MAX_SCRIPT_BYTES, 0).decode()

    def let_go(self):
        """Idempotent. A shell that still waits goes then."""
        self.close_order()
        if self.script is not None:
            os.close(self.script)
            self.script = None

    def close_order(self):
        if self.order is not None:
            os.close(self.order)
            self.order = None


def unnamed_file():
    """A descriptor of an empty file that goes with its last descriptor: in memory where the system can do that."""
    with contextlib.suppress(OSError, AttributeError):
        return os.memfd_create("script")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class ShellsAhead:
    """
    Shells that wait for a script, each with the output file of its job, which has no name yet. Others take their places only once a
    script was run: a job that kills all it can does not make this program start one after the other.
    """

    def __init__(self, start):
        """`start(output)` promises a shell that writes to the descriptor."""
        self.start = start
        self.waiting = collections.deque()
        self.wanted = SHELLS_AHEAD

    def prepare(self, folder):
        """Begins one that is wanted, with its output on the disk of the folder, where that can be."""
        if self.wanted == 0:
            return
        self.wanted -= 1
        output = NextFile(os.O_RDWR | os.O_APPEND)
        output.make(folder)
        if output.fd is not None:
            self.waiting.append((self.start(output.fd), output))

    def run(self, job_id, script, folder):
        """The shell that runs the script, and writes to a file with the job's name in the folder; None where none waits."""
        try:
            while self.waiting:
                promise, output = self.waiting.popleft()
                shell = made(promise)
                if shell is not None and shell.is_there() and begin_script(shell, output, job_id, script, folder):
                    return shell
                let_go(shell, output)
            return None
        finally:
            self.wanted = SHELLS_AHEAD - len(self.waiting)

    def pids(self):
        """Their processes; None while one is being made."""
        if not all(promise.is_kept() for promise, _ in self.waiting):
            return None
        return {shell.pid for shell in (made(promise) for promise, _ in self.waiting) if shell is not None}

    def drop(self, pid):
        """The process has ended: its number may soon be another's."""
        for entry in list(self.waiting):
            promise, output = entry
            shell = made(promise) if promise.is_kept() else None
            if shell is not None and shell.pid == pid:
                self.waiting.remove(entry)
                let_go(shell, output)

    def end(self):
        """Lets them go: none waits any longer."""
        while self.waiting:
            promise, output = self.waiting.popleft()
            let_go(made(promise), output)
        self.wanted = SHELLS_AHEAD


def made(promise):
    """The shell, or None where none could be started."""
    try:
        return promise.value()
    except (OSError, subprocess.SubprocessError):
        return None


def begin_script(shell, output, job_id, script, folder):
    """Whether the shell has begun to run the script."""
    name = job_id + ".log"
    try:
        output.put(b"", name, folder)
    except OSError:
        return False
    try:
        shell.run(job_id, script)
        return True
    except OSError:
        os.close(shell.output)
        remove_quietly(name, dir_fd=folder)
        return False


def let_go(shell, output):
    if output.fd is not None:
        os.close(output.fd)
    if shell is not None:
        shell.let_go()


# --- Job records -------------------------------------------------------------------------------------------------------


def read_records(folder):
    """Every readable record, oldest first."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    records = (read_json(os.path.join(folder, name)) for name in names if name.endswith(".json"))
    whole = [record for record in records if record and RECORD_KEYS <= set(record) and is_job_id(record["job_id"])]
    return sorted(whole, key=lambda record: record["number"] if isinstance(record["number"], int) else 0)


def is_job_id(text):
    return isinstance(text, str) and JOB_ID.match(text) is not None


RECORD_KEYS = {
    "job_id", "number", "command", "state", "exit_code", "exit_signal", "ended_by",
    "started_at", "seconds", "pid", "pid_start", "device", "inode",
}  # fmt: skip


def new_record(job_id, number, command, pid, started, output):
    return {
        "version": VERSION,
        "job_id": job_id,
        "number": number,
        "command": SURROGATE.sub("\ufffd", command[:200]),
        "state": "running",
        "exit_code": None,
        "exit_signal": None,
        "ended_by": None,
        "no_room": None,
        "started_at": utc(time.time()),
        "seconds": 0.0,
        "pid": pid,
        "pid_start": started,
        "device": output.st_dev,
        "inode": output.st_ino,
    }


class Job:
    """A job whose main process runs. Finished ones are kept as their record only."""

    def __init__(self, record, output, started, memory_kills, shell):
        """`memory_kills`: how many there had been before; `shell`: the one that had waited for it, if one had."""
        self.record = record
        self.shell = shell
        self.record_fd = None
        self.output = output
        self.started = started
        self.memory_kills = memory_kills

    def seconds(self):
        return round(time.monotonic() - self.started, 3)


class JobBook:
    """All jobs of the run: running ones as `Job`, finished ones as the bytes of their record, so that each costs little."""

    def __init__(self, folder, workspace, agent):
        self.folder = folder
        self.folder_fd = None
        self.workspace = workspace
        self.agent = agent
        self.running = {}
        self.finished = {}
        self.order = []
        self.unsaved = {}
        self.next_record = NextFile(os.O_WRONLY)
        self.next_output = NextFile(os.O_RDWR | os.O_APPEND)

    def prepare(self):
        """Makes the files of the next job."""
        if self.next_record.fd is None:
            self.open_folder()
            if self.folder_fd is not None:
                self.next_record.make(self.folder)
        if self.next_output.fd is None:
            with self.agent.acting():
                self.next_output.make(self.workspace)

    def open_folder(self):
        """Opens it anew where somebody removed it."""
        if self.folder_fd is not None and os.fstat(self.folder_fd).st_nlink > 0:
            return
        if self.folder_fd is not None:
            os.close(self.folder_fd)
        self.folder_fd = None
        with contextlib.suppress(OSError):
            self.folder_fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def load(self):
        """Reads the records back. What a dead executor had running is `lost`: nobody saw its end."""
        for record in read_records(self.folder):
            if record["state"] == "running":
                record["state"] = "lost"
                record["seconds"] = self.seconds_seen(record["job_id"])
            self.order.append(record["job_id"])
            self.keep(record)

    def seconds_seen(self, job_id):
        """From the record, written at the start, to the last output."""
        try:
            with self.agent.acting():
                output = os.stat(os.path.join(self.workspace, JOBS_FOLDER_NAME, job_id + ".log"))
            return round(max(0.0, output.st_mtime - os.stat(self.path(job_id)).st_mtime), 3)
        except OSError:
            return 0.0

    def create_output(self, job_id):
        """A descriptor of the job's output file, open to read and to append."""
        name, folder = job_id + ".log", open_jobs_folder(self.workspace)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return self.next_output.put(b"", name, folder)
        except OSError:
            remove_quietly(name, dir_fd=folder)
            return os.open(name, flags, 0o644, dir_fd=folder)
        finally:
            os.close(folder)

    def add(self, job):
        job_id = job.record["job_id"]
        self.order.append(job_id)
        self.running[job_id] = job
        try:
            job.record_fd = self.next_record.put(encoded(job.record), job_id + ".json", self.folder_fd)
        except OSError:
            self.save(job.record)
            if job_id not in self.unsaved:
                with contextlib.suppress(OSError):
                    job.record_fd = os.open(self.path(job_id), os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    def rewrite(self, job):
        """The record of a running job says something else now."""
        if job.record_fd is not None:
            os.close(job.record_fd)
            job.record_fd = None
        self.save(job.record)

    def end(self, job):
        """The job is one of the finished. Its record is written over in one step where it fits, which takes no new file and no room."""
        job_id = job.record["job_id"]
        del self.running[job_id]
        if job.record_fd is None:
            self.keep(job.record)
            return
        data = encoded(job.record)
        try:
            is_written = os.pwrite(job.record_fd, data.ljust(os.fstat(job.record_fd).st_size), 0) >= len(data)
        except OSError:
            is_written = False
        os.close(job.record_fd)
        if is_written:
            self.finished[job_id] = data
        else:
            self.keep(job.record)

    def keep(self, record):
        self.finished[record["job_id"]] = self.save(record)

    def save(self, record):
        """Writes the record; on a full disk it stays in memory and is tried again later."""
        data = encoded(record)
        try:
            write_atomically(self.path(record["job_id"]), data)
            self.unsaved.pop(record["job_id"], None)
        except OSError as error:
            if not self.unsaved:
                log("job records cannot be written: %s" % error)
            self.unsaved[record["job_id"]] = data
        return data

    def save_again(self):
        for job_id, data in list(self.unsaved.items()):
            try:
                if not os.path.isdir(self.folder):
                    os.mkdir(self.folder)  # never what is above it: whoever removed the run wants it gone
                write_atomically(self.path(job_id), data)
                del self.unsaved[job_id]
            except OSError:
                return

    def path(self, job_id):
        return os.path.join(self.folder, job_id + ".json")

    def has(self, job_id):
        return job_id in self.running or job_id in self.finished

    def record(self, job_id):
        if job_id in self.running:
            return self.running[job_id].record
        return json.loads(self.finished[job_id])

    def newest(self, limit):
        """Ids, newest first: at most `limit`, but every running one."""
        chosen = self.order[len(self.order) - min(limit, len(self.order)) :]
        shown = set(chosen)
        older = [job_id for job_id in self.running if job_id not in shown]
        return (older + chosen)[::-1]


def open_jobs_folder(workspace):
    """The folder of output files, made anew where the contestant removed or replaced it. Returns a descriptor."""
    path = os.path.join(workspace, JOBS_FOLDER_NAME)
    for _ in range(3):
        try:
            return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            os.makedirs(path, mode=0o755, exist_ok=True)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            remove_quietly(path)
    raise Refusal("sandbox", "The folder %s for output cannot be made. Remove what is in its place and try again." % path)


def create_output(workspace, name):
    folder = open_jobs_folder(workspace)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, 0o644, dir_fd=folder)
    except FileExistsError:
        remove_quietly(name, dir_fd=folder)
        return os.open(name, flags, 0o644, dir_fd=folder)
    finally:
        os.close(folder)


def open_output(workspace, record):
    """The output of a finished job; None where the contestant removed or replaced the file."""
    try:
        folder = os.open(
            os.path.join(workspace, JOBS_FOLDER_NAME), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except OSError:
        return None
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fd = os.open(record["job_id"] + ".log", flags, dir_fd=folder)
    except OSError:
        return None
    finally:
        os.close(folder)
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) == (record["device"], record["inode"]):
        return fd
    os.close(fd)
    return None


OUTPUT_GONE = "[The output file of this job was removed or replaced in the workspace, so its output is gone.]\n"


def read_page(fd, cursor, max_bytes, is_final):
    """Text from the cursor on, or the newest `max_bytes`; never half a character while the other half may come."""
    size = os.fstat(fd).st_size
    if cursor is not None and cursor > size:
        raise bad_input(
            "The cursor %d lies beyond the end of the output, which has %s bytes so far. Use the cursor of the last answer."
            % (cursor, grouped(size))
        )
    start = max(0, size - max_bytes) if cursor is None else cursor
    data = os.pread(fd, max_bytes, start)
    if cursor is None and start > 0:
        skipped = leading_continuation_bytes(data)
        start, data = start + skipped, data[skipped:]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    end = start + len(data) - len(decoder.getstate()[0])
    if is_final and start + len(data) >= size:
        text += decoder.decode(b"", True)
        end = start + len(data)
    return text, start, end


def leading_continuation_bytes(data):
    count = 0
    while count < min(3, len(data)) and data[count] & 0xC0 == 0x80:
        count += 1
    return count


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIG%d" % number


# --- Files -------------------------------------------------------------------------------------------------------------


class Files:
    """Reads and writes inside the workspace (and reads in the data folder), whatever links the contestant lays."""

    def __init__(self, workspace, data, quota):
        self.workspace = workspace
        self.data = data
        self.real_workspace = os.path.realpath(workspace)
        self.real_data = os.path.realpath(data) if data else None
        self.quota = quota

    # Paths

    def resolve(self, path, writing=False):
        """The real path, checked to be inside. The later steps follow no link below its root."""
        check_path(path)
        full = path if os.path.isabs(path) else os.path.join(self.workspace, path)
        real = os.path.realpath(full)
        if is_inside(real, self.real_workspace):
            return real
        if self.real_data and is_inside(real, self.real_data):
            if writing:
                raise bad_input("The path %s lies in the data folder, which is read-only. Write into %s." % (quoted(path), self.workspace))
            return real
        lexical = os.path.normpath(full)
        if is_inside(lexical, os.path.normpath(self.workspace)) or is_inside(lexical, self.real_workspace):
            raise bad_input("The path %s leads through a link to a place outside the workspace. Use a path that stays inside." % quoted(path))
        raise bad_input("The path %s lies outside the workspace %s. Use a path inside it." % (quoted(path), self.workspace))

    def open_folder(self, real, make=False):
        """Walks down from the root without following links. Makes missing folders where asked."""
        root = self.real_workspace if is_inside(real, self.real_workspace) else self.real_data
        if make:
            os.makedirs(root, exist_ok=True)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        fd = os.open(root, flags)
        for name in [part for part in real[len(root) :].split("/") if part]:
            try:
                below = self.step_down(fd, name, make)
            finally:
                os.close(fd)
            fd = below
        return fd

    def step_down(self, fd, name, make):
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(name, flags, dir_fd=fd)
        except FileNotFoundError:
            if not make:
                raise
        try:
            os.mkdir(name, 0o755, dir_fd=fd)
        except FileExistsError:
            pass
        return os.open(name, flags, dir_fd=fd)

    def open_file(self, path, real):
        """A descriptor of the regular file and its status. Never opens, and so never waits for, anything else."""
        folder = self.open_folder(os.path.dirname(real)) if not self.is_root(real) else None
        if folder is None:
            raise bad_input("%s is a folder, not a file. Use list_files to see what is in it." % quoted(path))
        try:
            name = os.path.basename(real)
            check_regular(path, os.stat(name, dir_fd=folder, follow_symlinks=False))
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        status = os.fstat(fd)
        try:
            check_regular(path, status)
        except Refusal:
            os.close(fd)
            raise
        return fd, status

    def is_root(self, real):
        return real in (self.real_workspace, self.real_data)

    # Operations

    def read(self, path, start_line, end_line, max_bytes):
        if start_line < 1:
            raise bad_input("The first line is line 1; start_line was %d. Give at least 1." % start_line)
        if end_line is not None and end_line < start_line:
            raise bad_input("end_line (%d) lies before start_line (%d). Give an end_line that does not." % (end_line, start_line))
        fd, status = self.open_file(path, self.resolve(path))
        try:
            check_is_text(path, os.pread(fd, 1 << 16, 0))
            lines = LineReader(fd, status.st_size).read(start_line, end_line, max_bytes)
        finally:
            os.close(fd)
        if start_line > max(1, lines.lines_seen):
            raise no_such_line(path, lines.lines_seen, start_line)
        if b"\0" in lines.data:
            raise not_text(path, "it holds NUL bytes")
        return {
            "path": path,
            "size_bytes": status.st_size,
            "text": lines.data.decode("utf-8", "replace"),
            "start_line": start_line,
            "end_line": start_line + lines.count - 1,
            "total_lines": lines.lines_seen if lines.counted_all else None,
            "truncated": lines.truncated,
        }

    def write(self, path, text):
        if path.endswith("/"):
            raise bad_input("The path %s ends with a slash. Give the path of a file." % quoted(path))
        data = encode(text, "The text")
        check_size(path, len(data), "would have")
        real = self.resolve(path, writing=True)
        self.quota.admit(len(data))
        created = self.replace(path, real, data)
        return {"path": path, "size_bytes": len(data), "lines": count_lines(data), "created": created}

    def edit(self, path, target, replacement, where, everywhere):
        wanted, new = encode(target, "The text to look for"), encode(replacement, "The new text")
        if not wanted:
            raise bad_input("The text to look for is empty. Give the text that stands in the file.")
        real = self.resolve(path, writing=True)
        data = self.read_whole(path, real)
        places = find_all(data, wanted)
        check_places(path, data, places, wanted, everywhere)
        before, after = {"instead": (b"", b""), "before": (b"", wanted), "after": (wanted, b"")}[where]
        inserted = before + new + after
        edited = inserted.join(split_at(data, places, len(wanted)))
        check_size(path, len(edited), "would have")
        self.quota.admit(max(0, len(edited) - len(data)))
        self.replace(path, real, edited)
        return {
            "path": path,
            "size_bytes": len(edited),
            "lines": count_lines(edited),
            "created": False,
            "occurrences": len(places),
            "at_lines": lines_after(data, places, wanted, inserted)[:20],
        }

    def read_whole(self, path, real):
        fd, status = self.open_file(path, real)
        try:
            check_size(path, status.st_size, "has")
            chunks = iter(lambda: os.read(fd, 1 << 20), b"")
            data = b"".join(chunks)
        finally:
            os.close(fd)
        if b"\0" in data:
            raise not_text(path, "it holds NUL bytes")
        return data

    def replace(self, path, real, data):
        """Puts a new file in the place of the old one in one step and keeps the mode. Returns whether there was none before."""
        if self.is_root(real):
            raise bad_input("%s is a folder, not a file. Give the path of a file." % quoted(path))
        folder = self.open_folder(os.path.dirname(real), make=True)
        name, temporary = os.path.basename(real), ".mlrb-%s.tmp" % os.urandom(8).hex()
        try:
            status = stat_or_none(name, folder)
            if status is not None and not stat.S_ISLNK(status.st_mode):
                check_regular(path, status)
            mode = stat.S_IMODE(status.st_mode) if status is not None and stat.S_ISREG(status.st_mode) else 0o644
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
            try:
                os.fchmod(fd, mode)
                write_all(fd, data)
            finally:
                os.close(fd)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return status is None
        except BaseException:
            remove_quietly(temporary, dir_fd=folder)
            raise
        finally:
            os.close(folder)

    def list(self, path, depth):
        real = self.resolve(path)
        try:
            os.close(self.open_folder(real))
        except NotADirectoryError:
            if not os.path.isfile(real):
                raise
            raise bad_input("%s is a file, not a folder. Use read_code to see what is in it." % quoted(path)) from None
        entries, omitted = [], 0
        pending, visited = collections.deque([(real, "", 1)]), 0
        while pending and visited < 100000:
            folder, prefix, level = pending.popleft()
            names, more = self.entries_of(folder)
            visited += len(names) + more
            omitted += more
            for name, status in names:
                if len(entries) == MAX_ENTRIES:
                    omitted += 1
                else:
                    entries.append(listed(prefix + name, status))
                is_output = folder == self.real_workspace and name == JOBS_FOLDER_NAME
                if stat.S_ISDIR(status.st_mode) and level < depth and not is_output:
                    pending.append((os.path.join(folder, name), prefix + name + "/", level + 1))
        entries.sort(key=lambda entry: entry["path"].split("/"))
        return {"path": path, "entries": entries, "omitted": omitted}

    def entries_of(self, folder, keep=5000):
        """Names with their status, sorted, and how many more there are. A folder of millions costs no memory."""
        try:
            fd = self.open_folder(folder)
        except OSError:
            return [], 0
        found, more = [], 0
        try:
            with os.scandir(fd) as items:
                for item in items:
                    if len(found) >= keep:
                        more += 1
                        continue
                    try:
                        found.append((item.name, item.stat(follow_symlinks=False)))
                    except OSError:
                        continue
        finally:
            os.close(fd)
        return sorted(found, key=lambda pair: pair[0]), more


def check_path(path):
    if not path:
        raise bad_input("The path is empty. Give a path in the workspace.")
    if len(path) > 4096:
        raise bad_input("The path has %s characters; at most 4,096 are possible. Use a shorter one." % grouped(len(path)))
    if CONTROL.search(path):
        raise bad_input("The path %s holds a control character, such as a line break. Use a plain name." % quoted(path))
    if SURROGATE.search(path):
        raise bad_input("The path %s holds half a character. Use a plain name." % quoted(path))
    longest = max(len(part.encode()) for part in path.split("/"))
    if longest > 255:
        raise bad_input("The path %s has a name of %s bytes; at most 255 are possible. Use a shorter one." % (quoted(path), grouped(longest)))
    if len(path.encode()) > 4095:
        raise bad_input("The path has %s bytes; at most 4,095 are possible. Use a shorter one." % grouped(len(path.encode())))


def is_inside(path, root):
    return path == root or path.startswith(root.rstrip("/") + "/")


def encode(text, what):
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise bad_input("%s holds half a character (a lone surrogate) at position %d. Send whole characters." % (what, error.start)) from None


def check_size(path, size, verb):
    if size > FILE_LIMIT_BYTES:
        raise bad_input(
            "%s %s %s bytes; at most 10 MB can be written or edited in one call. Use a program for larger files."
            % (quoted(path), verb, grouped(size))
        )


def check_regular(path, status):
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise bad_input("%s is a folder, not a file. Use list_files to see what is in it." % quoted(path))
    if stat.S_ISLNK(mode):
        raise bad_input("%s is a link that leads nowhere. Use the path of a file." % quoted(path))
    kind = "a named pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise bad_input("%s is %s, not a regular file. Use the path of a file." % (quoted(path), kind))


def no_such_line(path, lines, wanted):
    if lines == 0:
        return bad_input("%s is empty, so there is no line %d. Leave start_line out." % (quoted(path), wanted))
    has = "1 line" if lines == 1 else "%s lines" % grouped(lines)
    return bad_input("%s has %s, so there is no line %d. Give a start_line of at most %d." % (quoted(path), has, wanted, lines))


def not_text(path, reason):
    return bad_input("%s is not a text file: %s. Look at it with a program instead." % (quoted(path), reason))


def check_is_text(path, head):
    if b"\0" in head:
        raise not_text(path, "it holds NUL bytes")
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(head)
    if text.count("\ufffd") > max(4, len(text) // 10):
        raise not_text(path, "most of it is not UTF-8")


def count_lines(data):
    return data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0)


def find_all(data, wanted):
    places, at = [], data.find(wanted)
    while at >= 0:
        places.append(at)
        at = data.find(wanted, at + len(wanted))
    return places


def check_places(path, data, places, wanted, everywhere):
    if not places:
        hint = ""
        if b"\r\n" in data and b"\n" in wanted and b"\r\n" not in wanted:
            hint = " Its lines end with a carriage return and a line feed."
        raise bad_input(
            "The text to look for does not occur in %s.%s Read the file and copy the text exactly, with its spaces and line breaks."
            % (quoted(path), hint)
        )
    if len(places) > 1 and not everywhere:
        lines = [data.count(b"\n", 0, at) + 1 for at in places[:20]]
        more = " and further" if len(places) > 20 else ""
        raise bad_input(
            "The text to look for occurs %s times in %s, on lines %s%s. Give a longer text that occurs once."
            % (grouped(len(places)), quoted(path), ", ".join(map(str, lines)), more)
        )


def split_at(data, places, length):
    """The pieces between the places."""
    starts = [0] + [at + length for at in places]
    return [data[start:end] for start, end in zip(starts, places + [len(data)])]


def lines_after(data, places, wanted, inserted):
    """Lines, in the edited file, where the edited places begin."""
    growth = inserted.count(b"\n") - wanted.count(b"\n")
    lines, line, at = [], 1, 0
    for number, place in enumerate(places[:20]):
        line += data.count(b"\n", at, place)
        lines.append(line + number * growth)
        at = place
    return lines


def stat_or_none(name, dir_fd):
    try:
        return os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def listed(path, status):
    mode = status.st_mode
    kind = "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "other"
    return {"path": well_formed(path), "type": kind, "size_bytes": status.st_size, "modified_at": utc(status.st_mtime)}


class LineReader:
    """Lines of a file of any size, read in pieces."""

    def __init__(self, fd, size):
        self.fd = fd
        self.size = size
        self.data = b""
        self.count = 0
        self.truncated = False
        self.newlines = 0
        self.position = 0
        self.at_end = False
        self.last_byte = b"\n"
        self.lines_seen = 0
        self.counted_all = False

    def read(self, first, last, max_bytes):
        """Fills in `data` (lines without the last line's end), `count`, `truncated` and, where feasible, the number of all lines."""
        collected = self.collect(self.skip(first - 1), last and last - first + 1, max_bytes)
        self.take(collected, last and last - first + 1, max_bytes)
        self.counted_all = self.at_end or self.size <= COUNT_LINES_BYTES
        while not self.at_end and self.counted_all:
            self.next_chunk()
        self.lines_seen = self.newlines + (self.last_byte != b"\n")
        return self

    def next_chunk(self):
        chunk = os.read(self.fd, 1 << 20)
        self.position += len(chunk)
        self.at_end = not chunk or self.position >= self.size
        if chunk:
            self.newlines += chunk.count(b"\n")
            self.last_byte = chunk[-1:]
        return chunk

    def skip(self, wanted):
        """Passes `wanted` line ends and returns what was read after them."""
        while True:
            before = self.newlines
            chunk = self.next_chunk()
            if self.newlines >= wanted:
                return chunk.split(b"\n", wanted - before)[-1] if wanted > before else chunk
            if self.at_end:
                return b""

    def collect(self, data, lines, max_bytes):
        """Enough to fill the page and to know whether anything is left out."""
        pieces, length, ends = [data], len(data), data.count(b"\n")
        while length <= max_bytes and (lines is None or ends < lines) and not self.at_end:
            chunk = self.next_chunk()
            pieces.append(chunk)
            length += len(chunk)
            ends += chunk.count(b"\n")
        return b"".join(pieces)

    def take(self, data, lines, max_bytes):
        """Whole lines up to `max_bytes`; of a single longer line, its beginning."""
        if not data:
            return
        if self.at_end and data.endswith(b"\n"):
            data = data[:-1]
        parts = data[: max_bytes + 1].split(b"\n")
        is_rest_of_file = self.at_end and len(data) <= max_bytes
        if not is_rest_of_file and (lines is None or len(parts) <= lines):
            self.truncated = True
            cut = parts.pop()
            parts = parts or [whole_characters(cut[:max_bytes])]
        parts = parts[:lines]
        self.data, self.count = b"\n".join(parts), len(parts)


def whole_characters(data):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    return data[: len(data) - len(decoder.getstate()[0])]


# --- Disk --------------------------------------------------------------------------------------------------------------


class Quota:
    """Bytes on disk below the run's folders, from a scan now and then. Used by several threads."""

    def __init__(self, folders, limit, agent, processes):
        """`processes()`: numbers of all processes of the run."""
        self.folders = folders
        self.limit = limit
        self.agent = agent
        self.processes = processes
        self.is_over = False
        self.used = 0
        self.free_before = self.free()
        self.scanned_at = None
        self.scan_seconds = 0.0
        self.lock = threading.Lock()

    def scan(self):
        with self.lock:
            return self.measure()

    def measure(self):
        """Holds the lock. Bytes of all that is there, and of what was removed and is still open."""
        started = time.monotonic()
        self.free_before = self.free()
        with self.agent.pausing():  # also what the contestant hid from itself
            used = disk_bytes(self.folders, lambda: self.is_over)
        with self.agent.acting():  # the kernel shows what a process has open to its user
            self.used = used + removed_bytes(self.folders, self.processes(), lambda: self.is_over)
        self.scanned_at = time.monotonic()
        self.scan_seconds = self.scanned_at - started
        return self.used

    def latest(self):
        """As `scan`, but the figure of the last one where looking takes long or is under way: the main loop must not wait for it."""
        if self.scan_seconds > QUICK_SCAN_S or not self.lock.acquire(blocking=False):
            return self.used
        try:
            return self.measure()
        finally:
            self.lock.release()

    def next_scan(self):
        """
        No earlier than a second after the last scan, and no more than a twentieth of the time, unless the disk has lost so much
        since that the limit may be reached.
        """
        if self.scanned_at is None:
            return 0.0
        rested = self.scanned_at + 20 * self.scan_seconds
        soonest = self.scanned_at + 1.0
        return soonest if rested <= soonest or self.has_disk_lost() else rested

    def may_be_reached(self, free):
        return self.used + max(0, self.free_before - free) > self.limit - GROWTH_SLACK_BYTES

    def has_disk_lost(self):
        """Whether so much since the last scan that the limit may be reached by it."""
        free = self.free()
        return self.free_before - free > GROWTH_SLACK_BYTES and self.may_be_reached(free)

    def free(self):
        """Bytes that the disk below still has for all, whatever the limit; 0 where it holds as many files as it can."""
        try:
            disk = os.statvfs(self.folders[0])
        except OSError:
            return float("inf")
        if disk.f_files and not disk.f_ffree:
            return 0
        return disk.f_bavail * disk.f_frsize

    def can_write(self):
        """By trying: some users may take what a disk keeps in reserve, and some of that no one can. The file never has a name."""
        try:
            with self.agent.acting():
                fd = os.open(self.folders[0], os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
                try:
                    return os.write(fd, bytes(FULL_DISK_BYTES)) == FULL_DISK_BYTES
                finally:
                    os.close(fd)
        except (OSError, AttributeError):
            return False

    def no_room(self):
        """
        Why nothing more can be written just now: the limit of the `run`, a full disk of the `host`, or None. Looks at all files only
        where the disk has lost so much since the last time that the limit may be reached: every job's end comes here.
        """
        free = self.free()
        if self.may_be_reached(free) and self.latest() >= self.limit:
            return "run"
        return "host" if free < FULL_DISK_BYTES and not self.can_write() else None

    def admit(self, extra):
        """Lets bytes in, or looks once more before it refuses: the contestant may have deleted something."""
        if self.used + extra > self.limit and self.scan() + extra > self.limit:
            if self.used >= UNMEASURED:
                raise over_limit(
                    "What this run has on the disk cannot be measured: a folder in the workspace has a path longer than the system "
                    "takes, or its programs have too many files open. Remove the folder, or end the programs, and try again."
                )
            raise over_limit(
                "The disk limit of this run is reached: %s of %s are used. Delete files you no longer need and try again."
                % (megabytes(self.used), megabytes(self.limit))
            )
        self.used += extra


def megabytes(size):
    return "%.1f MB" % (size / 1e6)


def disk_bytes(folders, is_over):
    """
    What all files take, each once however many names it has; UNMEASURED where a path is too long to be looked at. Links are not
    followed. Stops, with any figure, once `is_over()`.
    """
    total, seen, pending = 0, set(), list(folders)
    while pending:
        try:
            with os.scandir(pending.pop()) as items:
                for item in items:
                    if is_over():
                        return total
                    try:
                        status = item.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
                        if (status.st_dev, status.st_ino) in seen:
                            continue
                        seen.add((status.st_dev, status.st_ino))
                    total += ENTRY_BYTES + status.st_blocks * 512
                    if stat.S_ISDIR(status.st_mode):
                        pending.append(item.path)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return UNMEASURED
    return total


def removed_bytes(folders, pids, is_over):
    """
    Allocated bytes of files on the folders' disks that have no name any more, but that a process has open; UNMEASURED where more is open
    than can be looked at. Stops, with any figure, once `is_over()`.
    """
    total, looked_at, seen, disks = 0, 0, set(), set()
    for folder in folders:
        with contextlib.suppress(OSError):
            disks.add(os.stat(folder).st_dev)
    for pid in pids:
        open_files = "/proc/%d/fd" % pid
        try:
            descriptors = os.listdir(open_files)
        except OSError:
            continue
        looked_at += len(descriptors)
        if is_over():
            return total
        if looked_at > MAX_DESCRIPTORS:
            return UNMEASURED
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                status = os.stat(os.path.join(open_files, descriptor))
                key = (status.st_dev, status.st_ino)
                if status.st_nlink == 0 and stat.S_ISREG(status.st_mode) and status.st_dev in disks and key not in seen:
                    seen.add(key)
                    total += status.st_blocks * 512
    return total


# --- Talking -----------------------------------------------------------------------------------------------------------


class Channel:
    """One stream of lines in and out: a client's socket, or the standard streams shared by several clients."""

    def __init__(self, selector, read_fd, write_fd, on_line, owner=None):
        self.selector = selector
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.on_line = on_line
        self.owner = owner
        self.incoming = bytearray()
        self.skipping = False
        self.outgoing = bytearray()
        self.is_open = True
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)
        selector.register(read_fd, selectors.EVENT_READ, self.on_event)

    def on_event(self, mask):
        if mask & selectors.EVENT_WRITE:
            self.flush()
        if mask & selectors.EVENT_READ and self.is_open:
            self.receive()

    def receive(self):
        try:
            data = os.read(self.read_fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end_of_input()
            return
        self.incoming += data
        if b"\n" not in data:
            self.drop_overlong()
            return
        *lines, rest = self.incoming.split(b"\n")
        self.incoming = rest
        if self.skipping:
            self.skipping = False
            lines = lines[1:]
        for line in lines:
            if line.strip():
                self.on_line(self, line)

    def drop_overlong(self):
        if len(self.incoming) > MAX_LINE_BYTES:
            self.incoming = bytearray()
            self.skipping = True

    def end_of_input(self):
        if self.owner is not None:
            self.close()
        else:
            self.selector.unregister(self.read_fd)

    def send(self, line):
        if not self.is_open:
            return
        if len(self.outgoing) > MAX_UNSENT_BYTES:
            log("a client does not read its answers: dropped")
            self.close()
            return
        self.outgoing += line
        self.flush()

    def flush(self):
        if not self.is_open:
            return
        try:
            while self.outgoing:
                del self.outgoing[: os.write(self.write_fd, self.outgoing)]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        self.watch_for_room()

    def watch_for_room(self):
        """Asks to be called again when the stream takes more."""
        if self.owner is None:
            self.watch_standard_output()
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.outgoing else 0)
        if self.selector.get_key(self.read_fd).events != wanted:
            self.selector.modify(self.read_fd, wanted, self.on_event)

    def watch_standard_output(self):
        is_watched = self.write_fd in self.selector.get_map()
        if self.outgoing and not is_watched:
            self.selector.register(self.write_fd, selectors.EVENT_WRITE, self.on_event)
        elif is_watched and not self.outgoing:
            self.selector.unregister(self.write_fd)

    def finish(self, limit_s):
        """Sends what is left, for a while."""
        give_up = time.monotonic() + limit_s
        while self.is_open and self.outgoing and time.monotonic() < give_up:
            self.flush()
            time.sleep(0.002)

    def close(self):
        if not self.is_open:
            return
        self.is_open = False
        for fd in {self.read_fd, self.write_fd} & set(self.selector.get_map()):
            self.selector.unregister(fd)
        if self.owner is not None:
            self.owner.close()


class Answer:
    """The answer to one request, given once, to everyone who sent its id. `usage` tells what the run uses when it is given."""

    def __init__(self, request_id, channel, usage):
        self.request_id = request_id
        self.channels = [channel]
        self.usage = usage
        self.line = None

    def also_to(self, channel):
        if self.line is not None:
            channel.send(self.line)
        else:
            self.channels.append(channel)

    def result(self, value):
        usage = self.usage()
        self.give({"id": self.request_id, "result": value, **({} if usage is None else {"usage": usage})})

    def refuse(self, refusal):
        self.give({"id": self.request_id, "error": {"kind": refusal.kind, "message": refusal.message}})

    def give(self, value):
        if self.line is not None:
            return
        self.line = encoded(value) + b"\n"
        for channel in self.channels:
            channel.send(self.line)
        self.channels = []


class Workers:
    """Threads for what may take long, so that it does not hold up other clients. Results are handed back to the main loop."""

    def __init__(self, count, wake):
        self.tasks = queue.SimpleQueue()
        self.results = queue.SimpleQueue()
        self.wake = wake
        self.open_tasks = 0
        for _ in range(count):
            threading.Thread(target=self.work, daemon=True).start()

    def submit(self, task, done):
        """Runs `task()` on a thread, then `done(value, error)` on the main loop."""
        self.open_tasks += 1
        self.tasks.put((task, done))

    def work(self):
        while True:
            task, done = self.tasks.get()
            try:
                outcome = (task(), None)
            except Exception as error:  # noqa: BLE001 - handed to the main loop, which words it
                outcome = (None, error)
            self.results.put((done, outcome))
            self.wake()

    def deliver(self):
        while True:
            try:
                done, (value, error) = self.results.get_nowait()
            except queue.Empty:
                return
            self.open_tasks -= 1
            done(value, error)

    def finish(self, limit_s):
        give_up = time.monotonic() + limit_s
        while self.open_tasks and time.monotonic() < give_up:
            self.deliver()
            time.sleep(0.002)


def refusal_for(error, path=None):
    """What to tell the contestant about any error; those we did not foresee go to the operator's log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, OSError):
        name = quoted(path) if path else "the path"
        odd = ' A name that is shown with "\ufffd" is not UTF-8: rename it with a program first.' if path and "\ufffd" in path else ""
        known = {
            errno.ENOSPC: host_disk_full(),
            errno.EDQUOT: host_disk_full(),
            errno.EFBIG: over_limit("The file would be larger than the disk limit of this run. Write less."),
            errno.ENOENT: bad_input("There is no file or folder %s in the workspace. Use list_files to see what is there.%s" % (name, odd)),
            errno.ENOTDIR: bad_input("A part of %s before its last name is a file, not a folder. Use another path." % name),
            errno.EACCES: bad_input("The permissions of %s do not allow this. Change them, or use another path." % name),
            errno.EPERM: bad_input("The permissions of %s do not allow this. Change them, or use another path." % name),
            errno.EROFS: bad_input("The file system of %s is read-only. Use another path." % name),
            errno.ELOOP: bad_input("The path leads through links in a circle, or a link took a folder's place. Use another path."),
            errno.ENAMETOOLONG: bad_input("The path is too long. Use a shorter one."),
            errno.EISDIR: bad_input("There is a folder, not a file, at %s. Use the path of a file." % name),
        }
        if error.errno in known:
            return known[error.errno]
    log("".join(traceback.format_exception(type(error), error, error.__traceback__)))
    return Refusal("sandbox", "The sandbox failed at this call; its log has the reason for the operator. Trying again may help.")


class WayOut:
    """A listening socket on the loopback interface that a program outside serves: what it reaches, jobs reach through it."""

    def __init__(self, settings):
        self.path = settings["socket"]
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", settings["port"]))
        self.listener.listen(256)
        self.taker = None

    def hand_over(self):
        """Makes sure that somebody has it. Whoever had it may have been started anew."""
        if self.taker is not None and not self.is_gone():
            return
        self.taker = None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            connection.connect(self.path)
            handed = array.array("i", [self.listener.fileno()])
            connection.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
        except OSError:
            connection.close()  # it is not there yet
            return
        self.taker = connection

    def is_gone(self):
        try:
            return self.taker.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


# --- The program -------------------------------------------------------------------------------------------------------


class Waiter:
    """A request that is answered when its job ends, its time is over, or a full page of output lies after its cursor."""

    def __init__(self, answer, job_id, cursor, until, max_bytes):
        self.answer = answer
        self.job_id = job_id
        self.cursor = cursor
        self.until = until
        self.max_bytes = max_bytes


class Ending:
    """A job that is being ended: asked at first, killed when its grace is over."""

    def __init__(self, job_id, answer, kill_at):
        self.job_id = job_id
        self.answer = answer
        self.kill_at = kill_at
        self.give_up_at = kill_at + KILL_LIMIT_S


class Executor:
    OPERATIONS = ("hello", "start", "wait", "cancel", "jobs", "read", "write", "edit", "list", "usage", "end")
    REMEMBERED = ("write", "edit")

    def __init__(self, settings):
        self.settings = settings
        self.workspace = settings["workspace"]
        self.agent = Agent(settings["agent"]) if settings.get("agent") else Oneself()
        self.paused_seconds = self.read_pauses()
        self.deadline = min(time.monotonic() + settings["seconds"], self.deadline_before())
        self.jobs = JobBook(settings["jobs_folder"], settings["workspace"], self.agent)
        self.quota = Quota(settings["quota_folders"], settings["disk_limit_bytes"], self.agent, self.processes)
        self.files = Files(self.workspace, settings["data"], self.quota)
        self.selector = selectors.DefaultSelector()
        self.channels = []
        self.waiters = []
        self.endings = []
        self.by_pid = {}
        # Outputs of jobs that ended just now, open until everyone who waits for them is answered.
        self.ended_outputs = {}
        # Process groups of finished jobs that still have members. While they do, their number belongs to no one else.
        self.left_groups = set()
        self.has_children = False
        self.memory_kills = MemoryKills()
        self.recent = collections.OrderedDict()
        self.scanning = False
        self.is_disk_dirty = True
        self.ceiling = None
        self.next_upkeep = 0.0
        self.way_out = WayOut(settings["egress"]) if settings.get("egress") else None
        self.listener = None
        self.socket_inode = None

    # Life

    def run(self):
        self.open_log()
        become_subreaper()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit_file_size(self.settings["disk_limit_bytes"])
        os.makedirs(self.settings["jobs_folder"], exist_ok=True)
        sweep(self.settings)
        self.jobs.load()
        self.catch_signals()
        self.workers = Workers(4, self.wake)
        # Only in a container does this program share its processors with nothing but jobs.
        self.back_row = BackRow(JOB_NICENESS if isinstance(self.agent, Agent) else 0)
        self.children = self.open_children()
        self.shells = ShellsAhead(lambda output: self.back_row.begin(lambda: self.make_shell(output)))
        self.open_channels()
        self.write_down()
        self.say_ready()
        while True:
            self.step()

    def open_log(self):
        if self.settings.get("log_file"):
            fd = os.open(self.settings["log_file"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
            os.dup2(fd, 2)
            os.close(fd)

    def step(self):
        timeout = max(0.0, self.next_due() - time.monotonic())
        for key, mask in self.selector.select(timeout):
            key.data(mask)
        self.workers.deliver()
        self.tick(time.monotonic())

    def catch_signals(self):
        """Handlers that do nothing: the number arrives on the wake-up socket. (Ignoring would be inherited by jobs.)"""
        self.wake_read, self.wake_write = socket.socketpair()
        self.wake_read.setblocking(False)
        self.wake_write.setblocking(False)
        signal.set_wakeup_fd(self.wake_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        self.selector.register(self.wake_read, selectors.EVENT_READ, self.on_wake)

    def wake(self):
        try:
            self.wake_write.send(b"\0")
        except BlockingIOError:
            pass

    def on_wake(self, _mask):
        try:
            numbers = self.wake_read.recv(4096)
        except BlockingIOError:
            return
        self.reap()
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self.end_run("run_ended", is_final=False)

    def open_channels(self):
        if self.settings["socket"] is None:
            self.channels.append(Channel(self.selector, 0, 1, self.on_line))
        else:
            self.listen()

    def listen(self):
        path = self.settings["socket"]
        remove_quietly(path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.setblocking(False)
        before = os.umask(0o777 & ~self.settings.get("socket_mode", 0o600))
        try:
            self.listener.bind(path)
        finally:
            os.umask(before)
        self.listener.listen(64)
        self.socket_inode = os.stat(path).st_ino
        self.selector.register(self.listener, selectors.EVENT_READ, self.on_connection)

    def on_connection(self, _mask):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        self.channels = [channel for channel in self.channels if channel.is_open]
        self.channels.append(Channel(self.selector, connection.fileno(), connection.fileno(), self.on_line, connection))

    def say_ready(self):
        """One line for who started us; then standard output is let go, so that the starter may die."""
        if self.settings["socket"] is None:
            return
        try:
            os.write(1, b"ready\n")
        except OSError:
            pass
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.close(null)

    # The clock

    def next_due(self):
        due = min(self.deadline, self.next_upkeep)
        if self.needs_scan():
            due = min(due, self.quota.next_scan())
        for waiter in self.waiters:
            due = min(due, waiter.until)
        if self.endings:
            due = min(due, time.monotonic() + 0.03)
        if any(waiter.cursor is not None for waiter in self.waiters):
            due = min(due, time.monotonic() + 0.1)
        return due

    def read_pauses(self):
        """Seconds for which the run was frozen. They are written down before it is thawed, so none is ever counted."""
        paused = (read_json(self.settings["clock_file"]) or {}).get("paused_seconds") if self.settings.get("clock_file") else 0
        return paused if isinstance(paused, (int, float)) else 0

    def grant_pauses(self):
        paused = self.read_pauses()
        if paused > self.paused_seconds:
            self.deadline += paused - self.paused_seconds
            self.paused_seconds = paused
            self.write_down()

    def deadline_before(self):
        """When the time was up for an executor before this one. It counted on the same clock, unless the host was started anew."""
        state = read_json(self.settings["state_file"]) or {}
        deadline, paused = state.get("deadline"), state.get("paused_seconds")
        is_same_clock = state.get("boot_id") is not None and state["boot_id"] == boot_id()
        if not is_same_clock or not isinstance(deadline, (int, float)) or not isinstance(paused, (int, float)):
            return float("inf")
        return deadline + max(0, self.paused_seconds - paused)

    def write_down(self, ended=None):
        """Who serves the run, and until when, for those that come after."""
        state = state_of(self.settings, ended)
        write_state(self.settings["state_file"], dict(state, deadline=self.deadline, paused_seconds=self.paused_seconds))

    def tick(self, now):
        if now >= self.deadline:
            self.grant_pauses()
            if now >= self.deadline:
                self.end_run("deadline", is_final=True)
        self.answer_waiters(now)
        self.move_endings(now)
        self.let_outputs_go()
        if not self.waiters:  # it would take the processor from the job that somebody waits for
            self.jobs.prepare()
            self.prepare_shell()
        if self.needs_scan() and now >= self.quota.next_scan():
            self.start_scan()
        if now >= self.next_upkeep:
            self.upkeep(now)

    def upkeep(self, now):
        self.next_upkeep = now + (1.0 if self.has_way_out() else 0.05)
        if self.has_children:
            self.reap()  # what looked like a child may have been a shell that was just being made
        if self.is_folder_gone():
            log("the run's folder was removed: ending the run")
            self.end_run("run_ended", is_final=True)
        self.grant_pauses()
        self.jobs.save_again()
        self.left_groups = {group for group in self.left_groups if send_group_signal(group, 0)}
        if self.listener is not None and not self.is_socket_ours():
            log("the socket was removed: listening again")
            self.selector.unregister(self.listener)
            self.listener.close()
            os.makedirs(os.path.dirname(self.settings["socket"]), mode=0o700, exist_ok=True)
            self.listen()

    def is_folder_gone(self):
        """
        Whether somebody removed the run's folder, or moved it away, so that nobody can find this program any more. In a container the
        mounted folder is kept alive without its name; but in a removed folder no file can be made, here as there. A state
        file that alone is missing is made again.
        """
        if os.path.exists(self.settings["state_file"]):
            return False
        try:
            self.write_down()
        except OSError as error:
            return error.errno == errno.ENOENT
        return False

    def has_way_out(self):
        """Whether somebody serves it, or nobody needs to."""
        if self.way_out is None:
            return True
        self.way_out.hand_over()
        return self.way_out.taker is not None

    def is_socket_ours(self):
        try:
            return os.stat(self.settings["socket"]).st_ino == self.socket_inode
        except OSError:
            return False

    # Requests

    def on_line(self, channel, line):
        try:
            request = json.loads(line)
        except ValueError:
            return
        request_id = request.get("id") if isinstance(request, dict) else None
        if not isinstance(request_id, str):
            return
        if request_id in self.recent:
            self.recent[request_id].also_to(channel)
            return
        answer = Answer(request_id, channel, self.usage_told)
        operation = request.get("op")
        if operation in self.REMEMBERED:
            self.remember(answer)
        try:
            if operation not in self.OPERATIONS:
                raise Refusal("sandbox", "The sandbox does not know this operation; server and executor differ in version.")
            getattr(self, "do_" + operation)(request.get("args") or {}, answer)
        except Exception as error:  # noqa: BLE001 - one bad request must not end the run
            answer.refuse(refusal_for(error))

    def remember(self, answer):
        self.recent[answer.request_id] = answer
        while len(self.recent) > 256:
            self.recent.popitem(last=False)

    def in_thread(self, answer, path, task):
        def done(value, error):
            if error is None:
                answer.result(value)
            else:
                answer.refuse(refusal_for(error, path))

        def as_agent():
            with self.agent.acting():
                return task()

        self.workers.submit(as_agent, done)

    def do_hello(self, _args, answer):
        answer.result({"version": VERSION, "run_id": self.settings["run_id"], "pid": os.getpid()})

    def do_read(self, args, answer):
        path, page = args["path"], page_size(args)
        self.in_thread(answer, path, lambda: self.files.read(path, args["start_line"], args["end_line"], page))

    def do_write(self, args, answer):
        self.is_disk_dirty = True
        self.in_thread(answer, args["path"], lambda: self.files.write(args["path"], args["text"]))

    def do_edit(self, args, answer):
        self.is_disk_dirty = True
        path, target, replacement = args["path"], args["target"], args["replacement"]
        self.in_thread(answer, path, lambda: self.files.edit(path, target, replacement, args["where"], args["all"]))

    def do_list(self, args, answer):
        path, depth = args["path"], max(1, min(int(args["depth"]), 50))
        self.in_thread(answer, path, lambda: self.files.list(path, depth))

    def do_usage(self, _args, answer):
        def done(_value, error):
            if error is not None:
                answer.refuse(refusal_for(error))
                return
            answer.result(self.usage())

        if time.monotonic() < self.quota.next_scan():
            done(None, None)
        else:
            self.workers.submit(self.quota.scan, done)

    def usage(self):
        self.grant_pauses()
        return {
            "seconds_left": round(max(0.0, self.deadline - time.monotonic()), 3),
            "disk_bytes": self.quota.limit if self.quota.used >= UNMEASURED else self.quota.used,
            "disk_limit_bytes": self.quota.limit,
            "running_jobs": [self.tell(job_id) for job_id in list(self.jobs.running)[::-1]],
        }

    def usage_told(self):
        """What is told with every answer."""
        return self.usage() if len(self.jobs.running) <= MAX_JOBS_TOLD else None

    def do_jobs(self, args, answer):
        chosen = self.jobs.newest(max(0, int(args["limit"])))
        below = self.background_of(chosen)
        jobs = [self.tell(job_id, below.get(job_id, 0)) for job_id in chosen]
        answer.result({"jobs": jobs, "total": len(self.jobs.order)})

    def do_end(self, args, answer):
        self.end_run(args["reason"], is_final=True, answer=answer)

    # Jobs

    def do_start(self, args, answer):
        if not is_job_id(args["job_id"]):
            raise bad_input("A job's id consists of up to 64 letters, digits, dashes and underscores.")
        if not self.jobs.has(args["job_id"]):
            self.spawn(args["job_id"], args["argv"], args.get("command") or " ".join(args["argv"]))
        self.do_wait(dict(args, cursor=None), answer)

    def spawn(self, job_id, argv, command):
        if len(self.jobs.running) >= MAX_RUNNING_JOBS:
            raise over_limit("%d jobs are running already. Wait for some to end, or cancel them." % MAX_RUNNING_JOBS)
        check_argv(argv)
        pid, started, output, shell = self.start_process(job_id, argv)
        self.by_pid[pid] = job_id
        self.has_children = True
        self.is_disk_dirty = True
        record = new_record(job_id, len(self.jobs.order) + 1, command, pid, started, os.fstat(output))
        self.jobs.add(Job(record, output, time.monotonic(), self.memory_kills.count(), shell))

    def start_process(self, job_id, argv):
        """Number and start time of the job's main process, a descriptor of its output, and the shell that had waited for it, if one had."""
        script = script_of(argv)
        shell = None if script is None else self.run_in_waiting(job_id, script)
        if shell is not None:
            return shell.pid, shell.pid_start, shell.output, shell
        with self.agent.acting():
            try:
                self.agent.check_program(argv[0], self.settings["environment"], self.workspace)
            except OSError as error:
                raise start_refusal(argv, error) from error
            output = self.jobs.create_output(job_id)
        try:
            if script is None:
                return *self.back_row.run(lambda: self.make_process(argv, output, job_id)), output, None
            shell = self.begin_shell(job_id, script, output)
            return shell.pid, shell.pid_start, output, None
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            os.close(output)
            with self.agent.acting():
                remove_quietly(os.path.join(self.workspace, JOBS_FOLDER_NAME, job_id + ".log"))
            raise start_refusal(argv, error) from error

    def make_process(self, argv, output, job_id="", pass_fds=()):
        process = subprocess.Popen(
            self.agent.command(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=self.workspace,
            env=dict(self.settings["environment"], MLRB_JOB_ID=job_id),
            start_new_session=True,
            pass_fds=pass_fds,
        )
        process.returncode = 0  # its end is collected here, not by `subprocess`
        if isinstance(self.agent, Agent):
            offer_to_kernel(process.pid)
        return process.pid, start_time(process.pid) if LINUX else None

    def begin_shell(self, job_id, script, output):
        """A shell that has not waited. @raises as `subprocess` does."""
        shell = self.back_row.run(lambda: self.make_shell(output))
        with contextlib.suppress(BrokenPipeError):  # another job has killed it already, which its end will say
            shell.run(job_id, script)
        shell.let_go()
        return shell

    def make_shell(self, output):
        return Shell(lambda argv, pass_fds: self.make_process(argv, output, pass_fds=pass_fds), output)

    def prepare_shell(self):
        if "BASH_ENV" in self.settings["environment"]:
            return  # a shell reads that file when it begins, and a job before may still write it
        with self.agent.acting():
            self.shells.prepare(self.workspace)

    def run_in_waiting(self, job_id, script):
        """The shell that waited and now runs the script; None where none did."""
        with self.agent.acting():
            folder = open_jobs_folder(self.workspace)
            try:
                return self.shells.run(job_id, script, folder)
            finally:
                os.close(folder)

    def do_wait(self, args, answer):
        job_id, cursor = args["job_id"], args["cursor"]
        self.check_known(job_id)
        until = time.monotonic() + max(0, args["wait_ms"]) / 1000
        waiter = Waiter(answer, job_id, cursor, until, page_size(args))
        if self.is_due(waiter, time.monotonic()):
            answer.result(self.page_for(waiter))
        else:
            self.waiters.append(waiter)

    def check_known(self, job_id):
        if not self.jobs.has(job_id):
            raise bad_input("There is no job %s. Use job_list to see which there are." % quoted(str(job_id)))

    def is_due(self, waiter, now):
        job = self.jobs.running.get(waiter.job_id)
        if job is None or now >= waiter.until:
            return True
        if waiter.cursor is None:
            return False
        size = os.fstat(job.output).st_size
        return waiter.cursor > size or size - waiter.cursor >= waiter.max_bytes

    def answer_waiters(self, now):
        if not self.waiters:
            return
        due = [waiter for waiter in self.waiters if self.is_due(waiter, now)]
        if not due:
            return
        self.waiters = [waiter for waiter in self.waiters if waiter not in due]
        for waiter in due:
            try:
                waiter.answer.result(self.page_for(waiter))
            except Exception as error:  # noqa: BLE001 - the others are still to be answered
                waiter.answer.refuse(refusal_for(error))

    def let_outputs_go(self):
        for output in self.ended_outputs.values():
            os.close(output)
        self.ended_outputs = {}

    def page_for(self, waiter):
        job_id = waiter.job_id
        background = self.background_of([job_id]).get(job_id, 0)
        with self.output_of(job_id) as fd:
            value = self.describe(job_id, background, fd)
            if fd is None:
                at = waiter.cursor or 0
                return dict(value, **{"output": OUTPUT_GONE, "from": at, "cursor": at})
            is_final = job_id not in self.jobs.running
            text, start, end = read_page(fd, waiter.cursor, waiter.max_bytes, is_final)
        return dict(value, **{"output": text, "from": start, "cursor": end})

    @contextlib.contextmanager
    def output_of(self, job_id):
        """A descriptor of the job's output, open inside; None where the contestant removed or replaced the file."""
        job = self.jobs.running.get(job_id)
        held = job.output if job else self.ended_outputs.get(job_id)
        if held is not None:
            yield held
            return
        with self.agent.acting():
            fd = open_output(self.workspace, self.jobs.record(job_id))
        try:
            yield fd
        finally:
            if fd is not None:
                os.close(fd)

    def tell(self, job_id, background=0):
        """The job as it goes over the wire."""
        with self.output_of(job_id) as fd:
            return self.describe(job_id, background, fd)

    def describe(self, job_id, background, output):
        record = self.jobs.record(job_id)
        job = self.jobs.running.get(job_id)
        keys = ("job_id", "command", "state", "exit_code", "exit_signal", "started_at")
        value = {key: record[key] for key in keys}
        value["ended_by"] = record["ended_by"] if job is None else None
        value["no_room"] = record.get("no_room")
        value["background"] = background
        value["seconds"] = job.seconds() if job else record["seconds"]
        value["output_path"] = os.path.join(self.workspace, JOBS_FOLDER_NAME, job_id + ".log")
        value["output_bytes"] = 0 if output is None else os.fstat(output).st_size
        return value

    # Ends of jobs

    def reap(self):
        """Collects every process that ended, ours or adopted. Afterwards `has_children` says whether any is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.has_children = False
                return
            if pid == 0:
                break
            job_id = self.by_pid.pop(pid, None)
            if job_id is None:
                self.shells.drop(pid)
            elif not self.begin_again(self.jobs.running[job_id], status):
                self.finish(self.jobs.running[job_id], status)
        self.has_children = self.has_others()

    def has_others(self):
        """Whether any child is left that is no shell which waits; also where that cannot be told."""
        waiting = self.shells.pids()
        if waiting is None or not self.children:
            return True
        return not all(waiting.issuperset(map(int, file.read().split())) for file in self.children)

    def open_children(self):
        """The kernel's lists of this program's children: of the thread that adopts them and of the one that starts them. Empty where there are none."""
        threads = (threading.main_thread().native_id, self.back_row.thread.native_id)
        files = [open_first("/proc/self/task/%d/children" % thread) for thread in threads]
        return files if all(files) else []

    def begin_again(self, job, status):
        """Whether the job goes on in another shell: a signal ended the one that had waited before the script was there, so none of it was run."""
        if job.shell is None or not os.WIFSIGNALED(status) or job.record["ended_by"] or job.shell.has_begun():
            return False
        job_id = job.record["job_id"]
        try:
            shell = self.begin_shell(job_id, job.shell.told(), job.output)
        except (OSError, ValueError, subprocess.SubprocessError):
            return False
        job.shell.let_go()
        job.shell = None
        self.by_pid[shell.pid] = job_id
        job.record.update(pid=shell.pid, pid_start=shell.pid_start)
        self.jobs.rewrite(job)
        return True

    def finish(self, job, status):
        if job.shell is not None:
            job.shell.let_go()
        record = job.record
        if os.WIFSIGNALED(status):
            record["exit_signal"] = signal_name(os.WTERMSIG(status))
        else:
            record["exit_code"] = os.WEXITSTATUS(status)
        if record["ended_by"] is None:
            record["ended_by"] = self.why_ended(job)
        record["no_room"] = None if record["ended_by"] else self.quota.no_room()
        record["state"] = "cancelled" if record["ended_by"] else "exited"
        record["seconds"] = job.seconds()
        self.ended_outputs[record["job_id"]] = job.output
        if send_group_signal(record["pid"], 0):
            self.left_groups.add(record["pid"])
        self.is_disk_dirty = True
        self.jobs.end(job)

    def why_ended(self, job):
        """The limit that ended it, if one did. A shell whose child was killed says so by its exit code, 128 and the signal."""
        if job.record["exit_signal"] == "SIGXFSZ" or job.record["exit_code"] == 128 + signal.SIGXFSZ:
            return "disk_full"
        was_killed = job.record["exit_signal"] == "SIGKILL" or job.record["exit_code"] == 128 + signal.SIGKILL
        return "out_of_memory" if was_killed and self.memory_kills.count() > job.memory_kills else None

    def background_of(self, job_ids):
        """How many processes each finished job left behind. Costs nothing while there is none."""
        finished = [job_id for job_id in job_ids if job_id in self.jobs.finished]
        if not finished or not self.has_children and not self.left_groups:
            return {}
        job_by_session = self.sessions_of(finished)
        counts = collections.Counter()
        for pid in self.processes():
            counts[self.owner_of(pid, job_by_session)] += 1
        for group, job_id in job_by_session.items():
            # A process may live too shortly to be seen in a list, and fork the next one: its group stays.
            if counts[job_id] == 0 and self.is_group_left(group):
                counts[job_id] = 1
        return {job_id: counts[job_id] for job_id in finished}

    def is_group_left(self, group):
        if group in self.left_groups and not send_group_signal(group, 0):
            self.left_groups.discard(group)
        return group in self.left_groups

    def processes(self):
        """All processes of the run."""
        if self.settings.get("owns_processes"):
            return [pid for pid in all_pids() if pid not in (1, os.getpid())]
        return descendants() if LINUX else []

    def owner_of(self, pid, job_by_session):
        """The job that started the process: by its session, or by its environment where it founded one of its own; None for others."""
        info = process_info(pid)
        if info is None or info.state == "Z":
            return None
        if info.session in job_by_session:
            return job_by_session[info.session]
        with self.agent.acting():  # the kernel shows a process's environment to its own user
            return environment_value(pid, "MLRB_JOB_ID")

    def processes_of(self, job_id):
        if not self.has_children:
            return []
        by_session = self.sessions_of([job_id])
        return [pid for pid in self.processes() if self.owner_of(pid, by_session) == job_id]

    def sessions_of(self, job_ids):
        """The jobs by the number of their session, unless another process has that number by now: then nothing is left of the session."""
        records = [self.jobs.record(job_id) for job_id in job_ids]
        return {record["pid"]: record["job_id"] for record in records if start_time(record["pid"]) in (None, record["pid_start"])}

    def do_cancel(self, args, answer):
        job_id = args["job_id"]
        self.check_known(job_id)
        job = self.jobs.running.get(job_id)
        if job is not None and job.record["ended_by"] is None:
            job.record["ended_by"] = "cancelled"
        self.signal_job(job_id, signal.SIGTERM)
        self.endings.append(Ending(job_id, answer, time.monotonic() + CANCEL_GRACE_S))
        self.move_endings(time.monotonic())

    def signal_job(self, job_id, number):
        """Signals all process groups of the job: its own, in which most are, and then those that its processes founded."""
        own = self.jobs.record(job_id)["pid"]
        if job_id in self.jobs.running or self.is_group_left(own):
            send_group_signal(own, number)
        for group in groups_of(self.processes_of(job_id)) - {own}:
            send_group_signal(group, number)

    def move_endings(self, now):
        if not self.endings:
            return
        self.reap()
        for ending in list(self.endings):
            if self.is_gone(ending.job_id) or now > ending.give_up_at:
                self.endings.remove(ending)
                ending.answer.result(self.tell(ending.job_id, self.background_of([ending.job_id]).get(ending.job_id, 0)))
            elif now >= ending.kill_at:
                self.signal_job(ending.job_id, signal.SIGKILL)
        self.answer_waiters(now)

    def is_gone(self, job_id):
        if job_id in self.jobs.running:
            return False
        return not self.is_group_left(self.jobs.record(job_id)["pid"]) and not self.processes_of(job_id)

    # Disk

    def needs_scan(self):
        """Also where no process is seen that could write: one may hide below a shell that waits."""
        if self.scanning:
            return False
        return self.has_children or self.is_disk_dirty or self.quota.has_disk_lost()

    def start_scan(self):
        self.scanning = True
        self.is_disk_dirty = False
        self.workers.submit(self.quota.scan, self.after_scan)

    def after_scan(self, used, error):
        self.scanning = False
        if error is not None:
            refusal_for(error)
        elif used <= self.quota.limit:
            self.ceiling = None
        elif self.ceiling is None or used > self.ceiling + GROWTH_SLACK_BYTES or used >= UNMEASURED:
            self.ceiling = used
            self.end_jobs("disk_full")
        else:
            self.ceiling = min(self.ceiling, used)

    def end_jobs(self, reason):
        """Kills every process below this one and gives running jobs their reason."""
        if self.settings.get("owns_processes"):
            send_signal(-1, signal.SIGKILL)  # first of all: what follows may wait for processors that they keep busy
        for job in self.jobs.running.values():
            job.record["ended_by"] = job.record["ended_by"] or reason
            send_group_signal(job.record["pid"], signal.SIGKILL)
        for group in list(self.left_groups):
            send_group_signal(group, signal.SIGKILL)
        self.shells.end()
        if self.settings.get("owns_processes"):
            kill_all_others(self.is_childless)
        else:
            kill_until_gone(descendants if LINUX else list, self.is_childless)

    def is_childless(self):
        self.reap()
        return not self.has_children

    # The end

    def end_run(self, reason, is_final, answer=None):
        """Ends every process, then this program. `is_final`: the run is over and no other executor may take its place."""
        self.quota.is_over = True
        self.end_jobs(reason)
        self.endings, endings = [], self.endings
        for ending in endings:
            ending.answer.result(self.tell(ending.job_id))
        self.answer_waiters(time.monotonic())
        self.workers.finish(KILL_LIMIT_S)
        kill_until_gone(lambda: find_strays(self.settings), lambda: not find_strays(self.settings))
        self.jobs.save_again()
        try:
            self.write_down(reason if is_final else None)
        except OSError as error:
            log("the end cannot be recorded: %s" % error)
        if answer is not None:
            answer.give({"id": answer.request_id, "result": {}})
        for channel in self.channels:
            channel.finish(2.0)
        if self.listener is not None and self.is_socket_ours():
            remove_quietly(self.settings["socket"])
        os._exit(0)


def check_argv(argv):
    for argument in argv:
        if "\0" in argument or SURROGATE.search(argument):
            raise bad_input("An argument of the command holds a NUL byte or half a character. Leave it out.")


def script_of(argv):
    """The script, where the job is a bash that runs one. @raises Refusal if it is too long."""
    if argv[:2] != ["bash", "-c"] or len(argv) != 3:
        return None
    if len(argv[2].encode()) > MAX_SCRIPT_BYTES:
        raise start_refusal(argv, OSError(errno.E2BIG, os.strerror(errno.E2BIG)))
    return argv[2]


def start_refusal(argv, error):
    """Why a program could not be started, as a sentence."""
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ENOENT, errno.ENOTDIR):
        return bad_input("There is no program %s in the sandbox. Check its name and path." % quoted(argv[0]))
    if code in (errno.EACCES, errno.ENOEXEC, errno.EISDIR):
        return bad_input("%s is not a program that can be run. Make it executable, or run it with its interpreter." % quoted(argv[0]))
    if code == errno.E2BIG:
        return bad_input("The command is too long for the system. Write it to a file and run that.")
    if code in (errno.EAGAIN, errno.ENOMEM):
        return over_limit("The host has no room for another process now. End some jobs and try again.")
    return refusal_for(error)


def page_size(args):
    """At least one whole character fits."""
    return max(4, min(int(args["max_bytes"]), MAX_PAGE_BYTES))


def limit_file_size(limit):
    """No single file of a job passes the disk limit. Python ignores SIGXFSZ; `subprocess` restores it for jobs."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wanted, wanted))


def state_of(settings, ended):
    """What the state file says: who serves the run, where, and (if so) that it has ended."""
    return {
        "version": VERSION,
        "run_id": settings["run_id"],
        "pid": os.getpid(),
        "pid_start": start_time(os.getpid()) if LINUX else None,
        "boot_id": boot_id(),
        "python": sys.executable,
        "socket": settings["socket"],
        "ended": ended,
    }


def write_state(path, state):
    """On a full disk the old file is written over: it fits into the block that is there."""
    data = json.dumps(state).encode()
    try:
        write_atomically(path, data)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        with open(path, "r+b") as file:
            file.write(data)
            file.truncate()


def mark_ended(settings):
    """Says in the state file that no other executor may take the place of the one that is gone."""
    state = read_json(settings["state_file"]) or state_of(settings, None)
    if isinstance(state.get("socket"), str):
        remove_quietly(state["socket"])
    if not state.get("ended"):
        with contextlib.suppress(FileNotFoundError):  # the run's folder was removed: nobody will look for it there
            write_state(settings["state_file"], dict(state, pid=None, ended="run_ended"))


def main():
    mode, settings = sys.argv[1], json.loads(sys.argv[2])
    if mode == "serve":
        Executor(settings).run()
    elif mode == "sweep":
        sweep(settings)
        jobs = JobBook(settings["jobs_folder"], settings["workspace"], Oneself())
        jobs.load()
        mark_ended(settings)
    else:
        sys.exit("usage: executor.py serve|sweep SETTINGS")


if __name__ == "__main__":
    main()
