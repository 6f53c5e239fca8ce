// Does with the C library what programs do: arguments, environment, streams, files, directories, links,
// times, errors. Prints what it finds, or stops at the first thing that is not as it should be.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) {                                                          \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition, strerror(errno)); \
      exit(1);                                                                   \
    }                                                                            \
  } while (0)

static void arguments(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("arg %d: %s\n", i, argv[i]);
  const char *user = getenv("USER");
  printf("USER=%s, HOME=%s\n", user ? user : "(none)", getenv("HOME") ? "set" : "(none)");
}

static void streams(void) {
  char line[64];
  int lines = 0;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    printf("line %d: %s\n", ++lines, line);
  }
  CHECK(feof(stdin) && !ferror(stdin));
  CHECK(!isatty(0) && !isatty(1));
}

static void files(void) {
  FILE *file = fopen("/data/text", "w+");
  CHECK(file);
  for (int i = 0; i < 1000; i++) CHECK(fprintf(file, "%d\n", i) > 0);
  CHECK(fseek(file, 0, SEEK_SET) == 0);
  long sum = 0;
  int number;
  while (fscanf(file, "%d", &number) == 1) sum += number;
  CHECK(sum == 499500);
  CHECK(ftell(file) == 3890);
  CHECK(fclose(file) == 0);

  int fd = open("/data/text", O_RDWR | O_APPEND);
  CHECK(fd >= 0);
  CHECK(write(fd, "end", 3) == 3);
  CHECK(lseek(fd, 0, SEEK_CUR) == 3893);
  char bytes[4] = {0};
  CHECK(pread(fd, bytes, 3, 3890) == 3 && strcmp(bytes, "end") == 0);
  CHECK(ftruncate(fd, 5) == 0);
  struct stat stat;
  CHECK(fstat(fd, &stat) == 0 && stat.st_size == 5 && S_ISREG(stat.st_mode) && stat.st_nlink == 1);
  CHECK(posix_fallocate(fd, 0, 100) == 0);
  CHECK(fstat(fd, &stat) == 0 && stat.st_size == 100);
  CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL) == 0);
  CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
  struct timespec times[2] = {{.tv_sec = 1000000000, .tv_nsec = 5}, {.tv_sec = 2000000000}};
  CHECK(futimens(fd, times) == 0);
  CHECK(fstat(fd, &stat) == 0 && stat.st_atim.tv_sec == 1000000000 && stat.st_atim.tv_nsec == 5);
  CHECK(fcntl(fd, F_SETFL, 0) == 0 && !(fcntl(fd, F_GETFL) & O_APPEND));
  struct iovec parts[2] = {{"ab", 2}, {"cd", 2}};
  CHECK(lseek(fd, 0, SEEK_SET) == 0 && writev(fd, parts, 2) == 4);
  CHECK(pread(fd, bytes, 4, 0) == 4 && memcmp(bytes, "abcd", 4) == 0);
  CHECK(close(fd) == 0);
  CHECK(close(fd) == -1 && errno == EBADF);
  puts("files");
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void directories(void) {
  CHECK(mkdir("/data/dir", 0777) == 0);
  CHECK(mkdir("/data/dir", 0777) == -1 && errno == EEXIST);
  char name[64];
  for (int i = 0; i < 300; i++) {
    sprintf(name, "/data/dir/entry-%03d", i);
    int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0666);
    CHECK(fd >= 0 && close(fd) == 0);
  }
  DIR *dir = opendir("/data/dir");
  CHECK(dir);
  int count = 0;
  while (readdir(dir)) count++;
  CHECK(count == 302);
  rewinddir(dir);
  CHECK(readdir(dir));
  CHECK(closedir(dir) == 0);
  struct dirent **entries;
  CHECK(scandir("/data/dir", &entries, NULL, by_name) == 302);
  CHECK(strcmp(entries[301]->d_name, "entry-299") == 0 && entries[301]->d_type == DT_REG);
  for (int i = 0; i < 302; i++) {
    sprintf(name, "/data/dir/%s", entries[i]->d_name);
    CHECK(entries[i]->d_name[0] == '.' || unlink(name) == 0);
  }
  CHECK(rmdir("/data/dir") == 0);
  CHECK(rmdir("/data/dir") == -1 && errno == ENOENT);
  puts("directories");
}

static void links(void) {
  CHECK(symlink("text", "/data/soft") == 0);
  CHECK(link("/data/text", "/data/hard") == 0);
  struct stat soft, text, hard;
  CHECK(lstat("/data/soft", &soft) == 0 && S_ISLNK(soft.st_mode));
  CHECK(stat("/data/soft", &soft) == 0 && stat("/data/text", &text) == 0 && stat("/data/hard", &hard) == 0);
  CHECK(soft.st_ino == text.st_ino && hard.st_ino == text.st_ino && hard.st_nlink == 2);
  char target[16] = "";
  CHECK(readlink("/data/soft", target, sizeof target) == 4 && strcmp(target, "text") == 0);
  CHECK(rename("/data/hard", "/data/moved") == 0);
  CHECK(access("/data/hard", F_OK) == -1 && errno == ENOENT);
  CHECK(access("/data/moved", R_OK | W_OK) == 0);
  CHECK(open("/data/soft", O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP);
  CHECK(unlink("/data/moved") == 0 && unlink("/data/soft") == 0);
  CHECK(symlink("/etc", "/data/absolute") == -1 && errno == EPERM);
  CHECK(open("/data/../etc/passwd", O_RDONLY) == -1);
  CHECK(open("/etc/passwd", O_RDONLY) == -1);
  CHECK(unlink("/data/text") == 0);
  puts("links");
}

static void read_only(void) {
  FILE *file = fopen("/fixed/note", "r");
  char line[32];
  CHECK(file && fgets(line, sizeof line, file));
  printf("note: %s\n", line);
  CHECK(fclose(file) == 0);
  CHECK(!fopen("/fixed/note", "w") && errno == EROFS);
  CHECK(!fopen("/fixed/new", "w") && errno == EROFS);
  CHECK(open("/fixed/note", O_WRONLY) == -1 && errno == EROFS);
  CHECK(mkdir("/fixed/dir", 0777) == -1 && errno == EROFS);
  CHECK(unlink("/fixed/note") == -1 && errno == EROFS);
  CHECK(rename("/fixed/note", "/data/note") == -1 && errno == EROFS);
  CHECK(link("/fixed/note", "/data/note") == -1 && errno == EXDEV);
  puts("read-only");
}

static void time_and_chance(void) {
  struct timespec before, after, pause = {.tv_nsec = 20000000};
  CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
  CHECK(nanosleep(&pause, NULL) == 0);
  CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
  long long passed = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
  CHECK(passed >= 20000000);
  CHECK(time(NULL) > 1600000000);
  struct timespec step;
  CHECK(clock_getres(CLOCK_REALTIME, &step) == 0 && step.tv_nsec > 0);
  struct pollfd out = {.fd = 1, .events = POLLOUT};
  CHECK(poll(&out, 1, 10000) == 1 && out.revents & POLLOUT);
  unsigned char a[32], b[32];
  CHECK(getentropy(a, sizeof a) == 0 && getentropy(b, sizeof b) == 0 && memcmp(a, b, sizeof a));
  puts("time and chance");
}

int main(int argc, char **argv) {
  arguments(argc, argv);
  streams();
  files();
  directories();
  links();
  read_only();
  time_and_chance();
  return 42;
}
