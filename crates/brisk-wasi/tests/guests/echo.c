// Accepts one connection on the listener that is descriptor 3, sends back what comes in capitals, and ends
// when the other side has nothing more to say.

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  struct pollfd listener = {.fd = 3, .events = POLLIN};
  if (poll(&listener, 1, -1) != 1) return 1;
  int peer = accept(3, NULL, NULL);
  if (peer < 0) return 2;
  if (fcntl(peer, F_SETFL, O_NONBLOCK) != 0) return 3;
  char bytes[64];
  size_t total = 0;
  for (;;) {
    ssize_t count = recv(peer, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) {
      struct pollfd wait = {.fd = peer, .events = POLLIN};
      if (poll(&wait, 1, -1) != 1) return 4;
      continue;
    }
    if (count < 0) return 5;
    if (count == 0) break;
    for (ssize_t i = 0; i < count; i++) bytes[i] = toupper(bytes[i]);
    if (send(peer, bytes, count, 0) != count) return 6;
    total += count;
  }
  if (shutdown(peer, SHUT_WR) != 0) return 7;
  if (shutdown(1, SHUT_RD) == 0 || errno != ENOTSOCK) return 8;
  printf("%zu bytes\n", total);
  return 0;
}
