// A listener and its client in one process. Behind each line that makes a call stands which.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};

static int open_listener(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0); // makes: socket
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int failed = bind(fd, (struct sockaddr *)&address, sizeof address); // makes: bind
    socklen_t length = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &length);
    failed |= listen(fd, 8); // makes: listen
    return failed ? -1 : fd;
}

static int wait_for_client(int listener) {
    int fd = accept(listener, NULL, NULL); // makes: accept
    if (fd < 0)
        perror("accept");
    return fd;
}

int main(void) {
    int listener = open_listener();
    int client = socket(AF_INET, SOCK_STREAM, 0); // makes: socket
    int failed = connect(client, (struct sockaddr *)&address, sizeof address); // makes: connect
    int connection = wait_for_client(listener); // calls wait_for_client
    char text[8] = "";
    failed |= send(client, "hello", 5, 0) != 5; // makes: sendto
    failed |= recv(connection, text, sizeof text, 0) != 5; // makes: recvfrom
    puts(text);
    close(connection); // makes: close
    close(client); // makes: close
    close(listener); // makes: close
    return failed;
}
