/* Operations a second on a store daemon, as libxenstore's users have it: XENSTORED_PATH=SOCKET xenstore-client OP COUNT CLIENTS */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int ok, const char *what)
{
    if (!ok) { perror(what); exit(1); }
}

static void node(char *path, unsigned i) { sprintf(path, "/bench/%u/%u", i / 100 % 100, i % 100); }

static void fill(struct xs_handle *xs, unsigned count, unsigned client)
{
    char path[64];
    for (unsigned i = 0; i < count; i++) {
        sprintf(path, "/%s%u/%u/%u", client ? "more" : "bench", i / 100 / 100, i / 100 % 100, i % 100);
        if (!client && i < 10000) node(path, i);
        must(xs_write(xs, XBT_NULL, path, "value", 5), "write");
    }
}

static void directory_of_1000(struct xs_handle *xs)
{
    char path[64];
    for (unsigned i = 0; i < 1000; i++) { sprintf(path, "/dir/%u", i); must(xs_mkdir(xs, XBT_NULL, path), "mkdir"); }
}

static void read_one(struct xs_handle *xs, unsigned i, unsigned client)
{
    char path[64]; unsigned len; void *value; (void)client;
    node(path, i * 7919);
    value = xs_read(xs, XBT_NULL, path, &len);
    must(value != NULL, "read");
    free(value);
}

static void write_one(struct xs_handle *xs, unsigned i, unsigned client)
{
    char path[64];
    node(path, i * 7919 + client);
    must(xs_write(xs, XBT_NULL, path, "other", 5), "write");
}

static void list_one(struct xs_handle *xs, unsigned i, unsigned client)
{
    unsigned count; char **names = xs_directory(xs, XBT_NULL, "/dir", &count); (void)i; (void)client;
    must(names != NULL && count == 1000, "directory");
    free(names);
}

static void transact(struct xs_handle *xs, unsigned i, unsigned client)
{
    char path[64];
    for (;;) {
        xs_transaction_t tx = xs_transaction_start(xs);
        must(tx != XBT_NULL, "transaction");
        for (unsigned k = 0; k < 3; k++) {
            node(path, client * 1000 + (i * 3 + k) % 1000);
            must(xs_write(xs, tx, path, "again", 5), "write");
        }
        if (xs_transaction_end(xs, tx, 0)) return;
    }
}

static int ascending(const void *a, const void *b) { return *(double *)a > *(double *)b ? 1 : -1; }

/* Microseconds from a write to the event on another connection: the median. */
static double watch_latency(unsigned count)
{
    struct xs_handle *writer = xs_open(0), *watcher = xs_open(0);
    double *us = malloc(count * sizeof *us);
    unsigned n;
    must(writer && watcher && xs_watch(watcher, "/w", "token"), "watch");
    free(xs_read_watch(watcher, &n));
    for (unsigned i = 0; i < count; i++) {
        double start = now();
        must(xs_write(writer, XBT_NULL, "/w", "v", 1), "write");
        free(xs_read_watch(watcher, &n));
        us[i] = (now() - start) * 1e6;
    }
    qsort(us, count, sizeof *us, ascending);
    return us[count / 2];
}

static const struct { const char *name; void (*one)(struct xs_handle *, unsigned, unsigned); } ops[] = {
    {"read", read_one}, {"write", write_one}, {"directory", list_one}, {"transaction", transact},
};

int main(int argc, char **argv)
{
    unsigned count = argc > 2 ? atoi(argv[2]) : 0, clients = argc > 3 ? atoi(argv[3]) : 1, op = 0;
    int go[2];
    double start;
    if (!count) return 2;
    if (!strcmp(argv[1], "watch")) return printf("%.2f\n", watch_latency(count)) < 0;
    if (!strcmp(argv[1], "fill") || !strcmp(argv[1], "more")) {
        struct xs_handle *xs = xs_open(0);
        must(xs != NULL, "open");
        fill(xs, count, argv[1][0] == 'm');
        if (argv[1][0] == 'f') directory_of_1000(xs);
        return 0;
    }
    while (op < sizeof ops / sizeof *ops && strcmp(argv[1], ops[op].name)) op++;
    if (op == sizeof ops / sizeof *ops) return 2;
    must(pipe(go) == 0, "pipe");
    for (unsigned client = 0; client < clients; client++) {
        if (fork()) continue;
        struct xs_handle *xs = xs_open(0);
        char byte;
        must(xs != NULL, "open");
        ops[op].one(xs, 0, client);
        close(go[1]);
        must(read(go[0], &byte, 1) == 0, "start");
        for (unsigned i = 0; i < count / clients; i++) ops[op].one(xs, i, client);
        exit(0);
    }
    usleep(100000);
    start = now();
    close(go[1]);
    for (unsigned client = 0; client < clients; client++) {
        int status;
        must(wait(&status) > 0 && status == 0, "client");
    }
    printf("%.2f\n", count / (now() - start));
    return 0;
}
