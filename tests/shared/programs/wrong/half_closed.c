/* A server that answers a client which has ended its sending. Wrong: the client has ended its receiving too. Right: it reads a part of
   the answer before it closes, which is its own business. A second process is the client. */

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(8000) };
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&server, sizeof server) < 0 || listen(listener, 8) < 0)
        return 1;
    /* Until the server closes its end. */
    int done[2];
    pipe(done);
    if (fork() == 0) {
        close(done[1]);
        close(listener);
        int conn = socket(AF_INET, SOCK_STREAM, 0);
        connect(conn, (struct sockaddr *)&server, sizeof server);
        shutdown(conn, wrong ? SHUT_RDWR : SHUT_WR);
        char text[12];
        /* Right: the rest of the answer has come too. Wrong: the RST has. */
        if (wrong) {
            struct pollfd until = { .fd = done[0], .events = 0 };
            poll(&until, 1, -1);
        } else {
            recv(conn, text, sizeof text, MSG_PEEK | MSG_WAITALL);
            read(conn, text, 4);
        }
        close(conn);
        _exit(0);
    }
    char text[64];
    int conn = accept(listener, NULL, NULL);
    while (read(conn, text, sizeof text) > 0)
        ;
    write(conn, "a long answer", 12);
    /* The RST is there once the descriptor has an error. */
    struct pollfd until = { .fd = conn, .events = 0 };
    poll(&until, 1, -1);
    close(conn);
    close(done[1]);
    wait(NULL);
    return 0;
}
