/* Preloaded into a process and inherited by its children, this library writes down everything that they open, make, rename or
 * remove, with the place that was really reached. It stands between the process and libc; nothing is ever hindered.
 *
 * The environment names the log (HOSTILE_LOG). A record is four texts that end with NUL and one more NUL:
 * the call and how ("open r", "open w", "remove", ...), what was opened ("file", "folder", "other", or "" where nothing was),
 * the path as it was asked for, absolute, and the path that was reached, which no link is a part of. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))
#define LONG (PATH_MAX * 2)

static int log_fd = -1;

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        _exit(99);
    return found;
}

/* At a high number, which nobody else gets when somebody closes whatever is open, as whoever is about to run a program does. */
__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("HOSTILE_LOG");
    if (!log)
        return;
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_fd = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, fd);
}

static void name_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = 0;
}

/* A path beside a descriptor as an absolute text; links stay in it. */
static void asked(int folder, const char *path, char *whole) {
    char before[PATH_MAX] = "";
    if (*path != '/') {
        if (folder == AT_FDCWD) {
            ssize_t n = syscall(SYS_getcwd, before, sizeof before);
            before[n > 0 ? n : 0] = 0;
        } else
            name_of(folder, before);
    }
    snprintf(whole, LONG, "%s%s%s", before, *path != '/' && *path ? "/" : "", path);
}

/* Where the last name of a path is really kept: its folder without links, and the name. */
static void kept(int folder, const char *path, char *whole) {
    char above[LONG], place[PATH_MAX];
    snprintf(above, sizeof above, "%s", path);
    char *slash = strrchr(above, '/');
    const char *last = slash ? path + (slash - above) + 1 : path;
    if (slash)
        slash[slash == above] = 0;
    int fd = syscall(SYS_openat, folder, slash ? above : ".", O_PATH | O_CLOEXEC);
    if (fd < 0) {
        snprintf(whole, LONG, "?");
        return;
    }
    name_of(fd, place);
    syscall(SYS_close, fd);
    snprintf(whole, LONG, "%s/%s", place, last);
}

static void put(const char *call, const char *kind, const char *wanted, const char *reached) {
    int before = errno;
    struct iovec parts[] = {{(void *)call, strlen(call) + 1}, {(void *)kind, strlen(kind) + 1},
                            {(void *)wanted, strlen(wanted) + 1}, {(void *)reached, strlen(reached) + 1}, {"", 1}};
    if (log_fd >= 0 && syscall(SYS_writev, log_fd, parts, 5) < 0) {
        begin();
        if (syscall(SYS_writev, log_fd, parts, 5) < 0)
            _exit(98);
    }
    errno = before;
}

static void opened(int fd, int folder, const char *path, int flags) {
    char wanted[LONG], reached[PATH_MAX];
    struct stat at;
    int before = errno;
    if (log_fd < 0 || fd < 0)
        return;
    asked(folder, path, wanted);
    name_of(fd, reached);
    const char *kind = fstat(fd, &at) ? "other" : S_ISREG(at.st_mode) ? "file" : S_ISDIR(at.st_mode) ? "folder" : "other";
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    put(flags & O_PATH ? "open p" : writes ? "open w" : "open r", kind, wanted, reached);
    errno = before;
}

static int mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(rest, int) : 0;
}

#define OPEN(name, declare, folder, path, call)                                                                                 \
    int name declare {                                                                                                         \
        va_list rest;                                                                                                          \
        va_start(rest, flags);                                                                                                 \
        int mode = mode_of(flags, rest);                                                                                       \
        va_end(rest);                                                                                                          \
        int fd = call;                                                                                                         \
        opened(fd, folder, path, flags);                                                                                       \
        return fd;                                                                                                             \
    }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path, REAL(open)(path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path, REAL(open64)(path, flags, mode))
OPEN(openat, (int folder, const char *path, int flags, ...), folder, path, REAL(openat)(folder, path, flags, mode))
OPEN(openat64, (int folder, const char *path, int flags, ...), folder, path, REAL(openat64)(folder, path, flags, mode))

#define FOPEN(name)                                                                                                            \
    FILE *name(const char *path, const char *mode) {                                                                           \
        FILE *file = REAL(name)(path, mode);                                                                                   \
        if (file)                                                                                                              \
            opened(fileno(file), AT_FDCWD, path, strpbrk(mode, "wa+") ? O_WRONLY : O_RDONLY);                                  \
        return file;                                                                                                           \
    }

FOPEN(fopen)
FOPEN(fopen64)

DIR *opendir(const char *path) {
    DIR *folder = REAL(opendir)(path);
    if (folder)
        opened(dirfd(folder), AT_FDCWD, path, O_RDONLY);
    return folder;
}

/* A call that changes a name; logged before it is made, whether it then succeeds or not. */
static void changes(const char *call, int folder, const char *path) {
    char wanted[LONG], reached[LONG];
    int before = errno;
    if (log_fd < 0 || !path)
        return;
    asked(folder, path, wanted);
    kept(folder, path, reached);
    put(call, "", wanted, reached);
    errno = before;
}

#define CHANGE(word, name, declare, folder, path, call)                                                                        \
    int name declare {                                                                                                         \
        changes(word, folder, path);                                                                                           \
        return call;                                                                                                           \
    }

CHANGE("remove", unlink, (const char *path), AT_FDCWD, path, REAL(unlink)(path))
CHANGE("remove", unlinkat, (int folder, const char *path, int flags), folder, path, REAL(unlinkat)(folder, path, flags))
CHANGE("remove", remove, (const char *path), AT_FDCWD, path, REAL(remove)(path))
CHANGE("remove", rmdir, (const char *path), AT_FDCWD, path, REAL(rmdir)(path))
CHANGE("mkdir", mkdir, (const char *path, mode_t mode), AT_FDCWD, path, REAL(mkdir)(path, mode))
CHANGE("mkdir", mkdirat, (int folder, const char *path, mode_t mode), folder, path, REAL(mkdirat)(folder, path, mode))
CHANGE("link", symlink, (const char *to, const char *path), AT_FDCWD, path, REAL(symlink)(to, path))
CHANGE("link", symlinkat, (const char *to, int folder, const char *path), folder, path, REAL(symlinkat)(to, folder, path))
CHANGE("make", mknod, (const char *path, mode_t mode, dev_t device), AT_FDCWD, path, REAL(mknod)(path, mode, device))
CHANGE("make", mkfifo, (const char *path, mode_t mode), AT_FDCWD, path, REAL(mkfifo)(path, mode))
CHANGE("truncate", truncate, (const char *path, off_t length), AT_FDCWD, path, REAL(truncate)(path, length))
CHANGE("chmod", chmod, (const char *path, mode_t mode), AT_FDCWD, path, REAL(chmod)(path, mode))
CHANGE("run", execve, (const char *path, char *const words[], char *const variables[]), AT_FDCWD, path,
       REAL(execve)(path, words, variables))

#define MOVE(word, name, declare, from_folder, from, to_folder, to, call)                                                      \
    int name declare {                                                                                                         \
        changes(word, from_folder, from);                                                                                      \
        changes(word, to_folder, to);                                                                                          \
        return call;                                                                                                           \
    }

MOVE("rename", rename, (const char *from, const char *to), AT_FDCWD, from, AT_FDCWD, to, REAL(rename)(from, to))
MOVE("rename", renameat, (int a, const char *from, int b, const char *to), a, from, b, to, REAL(renameat)(a, from, b, to))
MOVE("rename", renameat2, (int a, const char *from, int b, const char *to, unsigned flags), a, from, b, to,
     REAL(renameat2)(a, from, b, to, flags))
MOVE("link", link, (const char *from, const char *to), AT_FDCWD, from, AT_FDCWD, to, REAL(link)(from, to))
MOVE("link", linkat, (int a, const char *from, int b, const char *to, int flags), a, from, b, to,
     REAL(linkat)(a, from, b, to, flags))

int connect(int fd, const struct sockaddr *to, socklen_t length) {
    if (to->sa_family == AF_UNIX && length > sizeof(sa_family_t) && ((const struct sockaddr_un *)to)->sun_path[0]) {
        char path[sizeof(struct sockaddr_un) + 1] = "";
        memcpy(path, ((const struct sockaddr_un *)to)->sun_path, length - sizeof(sa_family_t));
        changes("connect", AT_FDCWD, path);
    }
    return REAL(connect)(fd, to, length);
}
