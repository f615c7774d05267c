// Waits in accept() for signals: with a handler by which the call goes on, and with one by which it returns.
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void handles(int signal) {
    write(1, signal == SIGUSR1 ? "one\n" : "two\n", 4);
}

int main(void) {
    struct sigaction action = {.sa_handler = handles, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, 0);
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, 0);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    listen(listener, 1);
    if (accept(listener, 0, 0) < 0 && errno == EINTR)
        write(1, "EINTR\n", 6);
    close(listener);
    return 3;
}
