// The kernel writes no more of an address than there is room for, and tells how long it is all the same.
#include <netinet/in.h>
#include <sys/socket.h>

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(4711)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    for (socklen_t room = 0; room <= sizeof address; room += sizeof address) {
        socklen_t length = room;
        getsockname(fd, (struct sockaddr *)&address, &length);
    }
    return 0;
}
