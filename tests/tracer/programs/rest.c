// A wait whose time is in a register that the program reads afterwards, while a child ends whose signal is ignored.
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int server = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN}, ready;
    listen(server, 1);
    epoll_ctl(epoll, EPOLL_CTL_ADD, server, &event);
    if (fork() == 0) {
        usleep(200000);
        _exit(0);
    }
    long value = 0, time = 700;
#if defined(__x86_64__)
    register long r10 __asm__("r10") = time;
    register long r8 __asm__("r8") = 0;
    register long r9 __asm__("r9") = 8;
    __asm__ volatile("syscall" : "=a"(value), "+r"(r10) : "0"(SYS_epoll_pwait), "D"(epoll), "S"(&ready), "d"(1), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    time = r10;
#else
    value = syscall(SYS_epoll_pwait, epoll, &ready, 1, time, NULL, 8);
#endif
    printf("%ld %ld\n", value, time);
    return 0;
}
