/* Preloaded into a process, this library writes down every call that changes a folder or waits for its disk, and can end the
 * process at one of them. It stands between the process and libc: what calls the kernel past libc is not seen, and the tests
 * find that out, because the folder is then not what the log says.
 *
 * faults_arm(root, log, ack, kill_at, tears) begins it. Calls are counted from 0. At call `kill_at` the process ends by SIGKILL
 * before the call is made; with `tears`, a write is done by half before. What is written to the descriptor `ack` goes into the
 * log as well, in its place, and is no point of its own.
 *
 * A record: total length (u32), kind (one letter), failed (u8), lengths of two paths (u16 each), inode (u64), offset or length
 * (u64), then the paths, then the bytes written. All in the order of bytes of the machine. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))
#define ALIAS(name, of) __typeof__(of) name __attribute__((alias(#of)))

static char root[PATH_MAX];
static int armed, log_fd, ack_fd, tears;
static long kill_at, n_calls;

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        _exit(99);
    return found;
}

void faults_arm(const char *folder, const char *log, int ack, long at, int torn) {
    snprintf(root, sizeof root, "%s", folder);
    log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ack_fd = ack, kill_at = at, tears = torn, n_calls = 0;
    armed = log_fd >= 0;
}

static int below_root(const char *path) {
    size_t n = strlen(root);
    return !strncmp(path, root, n) && (path[n] == '/' || !path[n]);
}

/* The absolute name of what a descriptor stands for; empty where it has none. */
static void name_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = 0;
}

static int is_ours(int fd) {
    char path[PATH_MAX];
    if (!armed)
        return 0;
    name_of(fd, path);
    return below_root(path);
}

/* The absolute name of a path beside a descriptor; 0 where it is none of ours. */
static int absolute(int folder, const char *path, char *whole) {
    char before[PATH_MAX] = "";
    if (!armed || !path)
        return 0;
    if (*path != '/') {
        if (folder == AT_FDCWD) {
            if (!getcwd(before, sizeof before))
                return 0;
        } else
            name_of(folder, before);
        strncat(before, "/", sizeof before - strlen(before) - 1);
    }
    strncat(before, path, sizeof before - strlen(before) - 1);
    memcpy(whole, before, sizeof before);
    return below_root(whole);
}

static void point(void) {
    if (n_calls++ == kill_at) {
        kill(getpid(), SIGKILL);
        for (;;)
            pause();
    }
}

static uint64_t inode(int fd) {
    struct stat at;
    return fstat(fd, &at) ? 0 : at.st_ino;
}

static void put(char kind, int failed, uint64_t ino, uint64_t at, const char *path, const char *second, const void *data, size_t n) {
    int before = errno;
    uint16_t n_path = path ? strlen(path) : 0, n_second = second ? strlen(second) : 0;
    uint8_t flag = failed;
    uint32_t total = 26 + n_path + n_second + n;
    char head[26];
    memcpy(head, &total, 4), head[4] = kind, memcpy(head + 5, &flag, 1), memcpy(head + 6, &n_path, 2), memcpy(head + 8, &n_second, 2);
    memcpy(head + 10, &ino, 8), memcpy(head + 18, &at, 8);
    struct iovec parts[] = {{head, 26}, {(void *)path, n_path}, {(void *)second, n_second}, {(void *)data, n}};
    if (syscall(SYS_writev, log_fd, parts, 4) != total)
        _exit(98);
    errno = before;
}

/* A call that the log has no word for: better no run than one that proves nothing. */
static void unknown(const char *call) {
    dprintf(2, "disk_log: %s is not modelled\n", call);
    _exit(97);
}

/* --- bytes ------------------------------------------------------------------------------------------------------------- */

static ssize_t wrote(int fd, const void *data, size_t n, off_t at) {
    int here = at < 0;
    if (here) {
        struct stat now;
        at = fcntl(fd, F_GETFL) & O_APPEND && !fstat(fd, &now) ? now.st_size : lseek(fd, 0, SEEK_CUR);
    }
    if (tears && n_calls == kill_at) {
        size_t half = n / 2;
        if (half && REAL(pwrite64)(fd, data, half, at) == (ssize_t)half)
            put('w', 0, inode(fd), at, 0, 0, data, half);
    }
    point();
    ssize_t done = here ? REAL(write)(fd, data, n) : REAL(pwrite64)(fd, data, n, at);
    put('w', done < 0, inode(fd), at, 0, 0, data, done < 0 ? 0 : done);
    return done;
}

static ssize_t gathered(int fd, const struct iovec *parts, int n, off_t at) {
    size_t total = 0, filled = 0;
    for (int i = 0; i < n; i++)
        total += parts[i].iov_len;
    char *whole = malloc(total + 1);
    for (int i = 0; i < n; filled += parts[i++].iov_len)
        memcpy(whole + filled, parts[i].iov_base, parts[i].iov_len);
    ssize_t done = wrote(fd, whole, total, at);
    free(whole);
    return done;
}

ssize_t write(int fd, const void *data, size_t n) {
    if (armed && fd == ack_fd) {
        ssize_t done = REAL(write)(fd, data, n);
        put('A', done < 0, 0, 0, 0, 0, data, n);
        return done;
    }
    return is_ours(fd) ? wrote(fd, data, n, -1) : REAL(write)(fd, data, n);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    return is_ours(fd) ? wrote(fd, data, n, at) : REAL(pwrite64)(fd, data, n, at);
}
ALIAS(pwrite, pwrite64);

ssize_t writev(int fd, const struct iovec *parts, int n) {
    return is_ours(fd) ? gathered(fd, parts, n, -1) : REAL(writev)(fd, parts, n);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at) {
    return is_ours(fd) ? gathered(fd, parts, n, at) : REAL(pwritev64)(fd, parts, n, at);
}
ALIAS(pwritev, pwritev64);

int ftruncate64(int fd, off64_t size) {
    if (!is_ours(fd))
        return REAL(ftruncate64)(fd, size);
    point();
    int failed = REAL(ftruncate64)(fd, size);
    put('t', failed, inode(fd), size, 0, 0, 0, 0);
    return failed;
}
ALIAS(ftruncate, ftruncate64);

void *mmap64(void *hint, size_t n, int protection, int flags, int fd, off64_t at) {
    void *map = REAL(mmap64)(hint, n, protection, flags, fd, at);
    if (armed && fd >= 0 && flags & MAP_SHARED && protection & PROT_WRITE && is_ours(fd)) {
        char path[PATH_MAX];
        name_of(fd, path);
        put('M', map == MAP_FAILED, inode(fd), 0, path, 0, 0, 0);
    }
    return map;
}
ALIAS(mmap, mmap64);

/* --- names ------------------------------------------------------------------------------------------------------------- */

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    struct stat there;
    int changes = flags & (O_CREAT | O_TRUNC) && absolute(folder, path, whole);
    if (armed && flags & (O_WRONLY | O_RDWR) && flags & (O_SYNC | O_DSYNC) && absolute(folder, path, whole))
        unknown("open with O_SYNC or O_DSYNC");
    if ((flags & O_TMPFILE) == O_TMPFILE && absolute(folder, path, whole))
        unknown("O_TMPFILE");
    if (!changes)
        return REAL(openat64)(folder, path, flags, mode);
    int is_there = !fstatat(folder, path, &there, AT_SYMLINK_NOFOLLOW);
    int creates = !is_there && flags & O_CREAT, empties = is_there && flags & O_TRUNC && S_ISREG(there.st_mode);
    if (creates || empties)
        point();
    int fd = REAL(openat64)(folder, path, flags, mode);
    if (creates)
        put('c', fd < 0, fd < 0 ? 0 : inode(fd), 0, whole, 0, 0, 0);
    else if (empties)
        put('t', fd < 0, fd < 0 ? 0 : inode(fd), 0, 0, 0, 0, 0);
    return fd;
}

#define MODE(flags)                                                                                                              \
    ({                                                                                                                           \
        mode_t mode_ = 0;                                                                                                        \
        if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {                                                               \
            va_list rest;                                                                                                        \
            va_start(rest, flags);                                                                                               \
            mode_ = va_arg(rest, mode_t);                                                                                        \
            va_end(rest);                                                                                                        \
        }                                                                                                                        \
        mode_;                                                                                                                   \
    })

int open64(const char *path, int flags, ...) { return opened(AT_FDCWD, path, flags, MODE(flags)); }
ALIAS(open, open64);
int openat64(int folder, const char *path, int flags, ...) {
    mode_t mode = MODE(flags);
    char whole[PATH_MAX];
    return armed && absolute(folder, path, whole) ? opened(folder, path, flags, mode) : REAL(openat64)(folder, path, flags, mode);
}
ALIAS(openat, openat64);
int creat64(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
ALIAS(creat, creat64);
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return opened(folder, path, flags, 0); }

static int moved(int from, const char *old, int to, const char *new, unsigned flags) {
    char source[PATH_MAX], target[PATH_MAX];
    int ours = absolute(from, old, source) + absolute(to, new, target);
    if (ours == 1)
        unknown("rename over the edge of the folder");
    if (ours && flags & ~RENAME_NOREPLACE)
        unknown("renameat2 with flags");
    if (ours)
        point();
    int failed = REAL(renameat2)(from, old, to, new, flags);
    if (ours)
        put('r', failed, 0, 0, source, target, 0, 0);
    return failed;
}

int rename(const char *old, const char *new) { return moved(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return moved(from, old, to, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) { return moved(from, old, to, new, flags); }

int linkat(int from, const char *old, int to, const char *new, int flags) {
    char source[PATH_MAX], target[PATH_MAX];
    int ours = absolute(from, old, source) + absolute(to, new, target);
    if (ours)
        point();
    int failed = REAL(linkat)(from, old, to, new, flags);
    if (ours)
        put('l', failed, 0, 0, source, target, 0, 0);
    return failed;
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int symlinkat(const char *text, int folder, const char *path) {
    char whole[PATH_MAX];
    if (absolute(folder, path, whole))
        unknown("symlink");
    return REAL(symlinkat)(text, folder, path);
}
int symlink(const char *text, const char *path) { return symlinkat(text, AT_FDCWD, path); }

int unlinkat(int folder, const char *path, int flags) {
    char whole[PATH_MAX];
    int ours = absolute(folder, path, whole);
    if (ours)
        point();
    int failed = REAL(unlinkat)(folder, path, flags);
    if (ours)
        put('u', failed, 0, 0, whole, 0, 0, 0);
    return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *path, mode_t mode) {
    char whole[PATH_MAX];
    int ours = absolute(folder, path, whole);
    if (ours)
        point();
    int failed = REAL(mkdirat)(folder, path, mode);
    if (ours)
        put('m', failed, 0, 0, whole, 0, 0, 0);
    return failed;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* --- waiting for the disk ---------------------------------------------------------------------------------------------- */

static int settled(int fd, int (*wait)(int)) {
    if (!is_ours(fd))
        return wait(fd);
    char path[PATH_MAX];
    struct stat what;
    name_of(fd, path);
    int is_folder = !fstat(fd, &what) && S_ISDIR(what.st_mode);
    point();
    int failed = wait(fd);
    put(is_folder ? 'S' : 's', failed, inode(fd), 0, path, 0, 0, 0);
    return failed;
}

int fsync(int fd) { return settled(fd, REAL(fsync)); }
int fdatasync(int fd) { return settled(fd, REAL(fdatasync)); }
int syncfs(int fd) {
    if (is_ours(fd))
        unknown("syncfs");
    return REAL(syncfs)(fd);
}
void sync(void) {
    if (armed)
        unknown("sync");
    REAL(sync)();
}

/* --- calls that the log has no word for -------------------------------------------------------------------------------- */

#define UNKNOWN(type, name, declared, given)                                                                                     \
    type name declared {                                                                                                         \
        if (is_ours(fd))                                                                                                         \
            unknown(#name);                                                                                                      \
        return REAL(name) given;                                                                                                 \
    }

UNKNOWN(ssize_t, sendfile64, (int fd, int in, off64_t *at, size_t n), (fd, in, at, n))
ALIAS(sendfile, sendfile64);
UNKNOWN(ssize_t, copy_file_range, (int in, off64_t *from, int fd, off64_t *at, size_t n, unsigned f), (in, from, fd, at, n, f))
UNKNOWN(ssize_t, splice, (int in, off64_t *from, int fd, off64_t *at, size_t n, unsigned f), (in, from, fd, at, n, f))
UNKNOWN(int, posix_fallocate64, (int fd, off64_t at, off64_t n), (fd, at, n))
ALIAS(posix_fallocate, posix_fallocate64);
UNKNOWN(int, fallocate64, (int fd, int mode, off64_t at, off64_t n), (fd, mode, at, n))
ALIAS(fallocate, fallocate64);
UNKNOWN(ssize_t, pwritev64v2, (int fd, const struct iovec *parts, int n, off64_t at, int f), (fd, parts, n, at, f))
ALIAS(pwritev2, pwritev64v2);
UNKNOWN(int, sync_file_range, (int fd, off64_t at, off64_t n, unsigned f), (fd, at, n, f))
