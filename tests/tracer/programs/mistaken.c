// What is wrong with descriptors: a select() that leaves one out, and calls on one that is closed.
#include <fcntl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static void waits(int below, int fd) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval soon = {0, 1000};
    select(below, &set, 0, 0, &soon);
}

int main(void) {
    char text[8];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    listen(fd, 1);
    waits(fd, fd);
    waits(fd + 1, fd);
    // A file that is left out is no socket.
    int file = open("/dev/null", O_RDWR);
    waits(file, file);
    read(file, text, sizeof text);
    close(file);
    close(fd);
    write(fd, "again", 5);
    read(fd, text, sizeof text);
    close(fd);
    read(-1, text, sizeof text);
    close(99);
    return 0;
}
