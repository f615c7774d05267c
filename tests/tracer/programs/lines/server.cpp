// A listener in a class, whose functions the compiler names in its own way. Behind each line that makes a call stands which.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace course {
template <typename Address> struct Listener {
    int fd = -1;
    void open(const Address &address) {
        fd = socket(AF_INET, SOCK_STREAM, 0); // makes: socket
        bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address); // makes: bind
        listen(fd, 8); // makes: listen
    }
    ~Listener() {
        close(fd); // makes: close
    }
};
} // namespace course

int main() {
    std::vector<course::Listener<sockaddr_in>> listeners(1);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listeners.front().open(address);
    return 0;
}
