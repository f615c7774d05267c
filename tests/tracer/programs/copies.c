// Two sockets that have one descriptor; then each gets a further one, by another means each time, and the first one is closed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int tcp(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}

// Sends a descriptor over one of a pair, and takes it from the other one.
static int hands_on(int fd, int many) {
    int pair[2];
    char byte = 0, room[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec buffer = {&byte, 1};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &buffer, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room}};
    struct cmsghdr *control = CMSG_FIRSTHDR(&message.msg_hdr);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(control), &fd, sizeof fd);
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
        return -1;
    if (many ? sendmmsg(pair[0], &message, 1, 0) != 1 : sendmsg(pair[0], &message.msg_hdr, 0) != 1)
        return -1;
    message.msg_hdr.msg_controllen = sizeof room;
    return recvmsg(pair[1], &message.msg_hdr, 0) == 1 ? 0 : -1;
}

static void *nothing(void *unused) {
    return unused;
}

int main(void) {
    int fd = tcp(), go[2], told[2];
    char byte = 0;
    if (close(fd) < 0)
        return 9;
    fd = tcp();
    pthread_t thread;
    if (pthread_create(&thread, 0, nothing, 0) || pthread_join(thread, 0) || close(fd) < 0)
        return 10;
    fd = tcp();
    if (dup(fd) < 0 || close(fd) < 0)
        return 1;
    fd = tcp();
    if (fcntl(fd, F_DUPFD_CLOEXEC, 20) < 0 || close(fd) < 0)
        return 2;
    for (int many = 0; many < 2; many++) {
        fd = tcp();
        if (hands_on(fd, many) < 0 || close(fd) < 0)
            return 3;
    }
    if (pipe(go) < 0 || pipe(told) < 0)
        return 4;
    // A child inherits it, and leaves it open until its end.
    fd = tcp();
    pid_t child = fork();
    if (child == 0)
        _exit(read(go[0], &byte, 1) != 1);
    if (child < 0 || close(fd) < 0 || write(go[1], &byte, 1) != 1 || wait(0) != child)
        return 5;
    // A child makes it, and its parent takes a copy.
    child = fork();
    if (child == 0) {
        fd = tcp();
        _exit(write(told[1], &fd, sizeof fd) != sizeof fd || read(go[0], &byte, 1) != 1 || close(fd) < 0);
    }
    if (child < 0 || read(told[0], &fd, sizeof fd) != sizeof fd)
        return 6;
    int process = syscall(SYS_pidfd_open, child, 0);
    if (process < 0 || syscall(SYS_pidfd_getfd, process, fd, 0) < 0)
        return 7;
    int status;
    if (write(go[1], &byte, 1) != 1 || wait(&status) != child || status != 0)
        return 8;
    return 0;
}
