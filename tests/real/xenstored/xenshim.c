/*
 * LD_PRELOAD shim: Debian's unmodified C xenstored runs with it where there is no Xen. Files in the directory that
 * XENSHIM_DIR names stand in for the hypervisor:
 *   xsd_port, xsd_kva  the fake dom0's port, in digits, and its ring page
 *   ring<domid>        a guest's ring page, 4096 bytes
 *   dom<domid>         is there: so is the domain; letters in it: s shut down, c crashed, d dying
 *   kicks              FIFO to the daemon, 8 bytes an event: {u32 domid, u32 port}; domid ~0 is VIRQ_DOM_EXC
 *   notify             FIFO from the daemon, 4 bytes an event: {u32 domid}; lossy when nobody reads, as events are
 * XENSHIM_CLOCK makes CLOCK_MONOTONIC and poll run that many times as fast, so that rate limits do not hold up a test.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define PORTS 4096
#define VIRQ_PORT 1
static struct { int used; uint32_t domid, remote; } ports[PORTS];
static int kicks = -1, notify = -1;

static int open_in_dir(const char *format, unsigned number, int flags)
{
    char name[64], path[4096];
    const char *dir = getenv("XENSHIM_DIR");
    snprintf(name, sizeof name, format, number);
    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    return open(path, flags);
}

/* libxenctrl */
xc_interface *xc_interface_open(xentoollog_logger *a, xentoollog_logger *b, unsigned flags)
{ (void)a; (void)b; (void)flags; return calloc(1, 64); }
int xc_interface_close(xc_interface *xch) { free(xch); return 0; }

static int domain_state(uint32_t domid, char state[32])
{
    int fd, n;
    memset(state, 0, 32);
    if (domid == 0) return 1;
    if ((fd = open_in_dir("dom%u", domid, O_RDONLY)) < 0) return 0;
    n = read(fd, state, 31); (void)n;
    close(fd);
    return 1;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned max, xc_dominfo_t *info)
{
    char state[32]; (void)xch;
    if (!max) return 0;
    memset(info, 0, sizeof *info);
    if (!domain_state(first, state)) { errno = ESRCH; return -1; }
    info->domid = first; info->running = 1;
    info->dying = !!strchr(state, 'd'); info->crashed = !!strchr(state, 'c'); info->shutdown = !!strchr(state, 's');
    return 1;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned max, xc_domaininfo_t *info)
{
    char state[32]; (void)xch;
    if (!max) return 0;
    memset(info, 0, sizeof *info);
    if (!domain_state(first, state)) return 0;
    info->domain = first;
    info->flags = XEN_DOMINF_running | (strchr(state, 'd') ? XEN_DOMINF_dying : 0)
                | (strpbrk(state, "sc") ? XEN_DOMINF_shutdown : 0);
    return 1;
}

static void *map_page(uint32_t domid)
{
    int fd = open_in_dir("ring%u", domid, O_RDWR);
    void *page;
    if (fd < 0) return NULL;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}
void *xc_map_foreign_range(xc_interface *xch, uint32_t domid, int size, int prot, unsigned long gfn)
{ (void)xch; (void)size; (void)prot; (void)gfn; return map_page(domid); }

/* libxengnttab */
xengnttab_handle *xengnttab_open(xentoollog_logger *l, unsigned flags) { (void)l; (void)flags; return calloc(1, 64); }
int xengnttab_close(xengnttab_handle *h) { free(h); return 0; }
int xengnttab_set_max_grants(xengnttab_handle *h, uint32_t n) { (void)h; (void)n; return 0; }
void *xengnttab_map_grant_ref(xengnttab_handle *h, uint32_t domid, uint32_t ref, int prot)
{ (void)h; (void)ref; (void)prot; return map_page(domid); }
int xengnttab_unmap(xengnttab_handle *h, void *page, uint32_t n) { (void)h; return munmap(page, n * 4096); }

/* libxenevtchn */
xenevtchn_handle *xenevtchn_open(xentoollog_logger *l, unsigned flags)
{
    (void)l; (void)flags;
    kicks = open_in_dir("kicks", 0, O_RDWR | O_NONBLOCK);
    notify = open_in_dir("notify", 0, O_RDWR | O_NONBLOCK);
    if (kicks < 0 || notify < 0) { perror("xenshim: kicks, notify"); return NULL; }
    ports[0].used = ports[VIRQ_PORT].used = 1;
    return calloc(1, 64);
}
xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *l, int fd, unsigned flags)
{ (void)fd; return xenevtchn_open(l, flags); }
int xenevtchn_close(xenevtchn_handle *h) { free(h); return 0; }
int xenevtchn_fd(xenevtchn_handle *h) { (void)h; return kicks; }
int xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t p) { (void)h; (void)p; return 0; }
xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *h, unsigned v) { (void)h; (void)v; return VIRQ_PORT; }
xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *h, uint32_t domid, evtchn_port_t remote)
{
    int i; (void)h;
    for (i = VIRQ_PORT + 1; i < PORTS; i++) {
        if (ports[i].used) continue;
        ports[i].used = 1; ports[i].domid = domid; ports[i].remote = remote;
        return i;
    }
    errno = ENOSPC;
    return -1;
}
int xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t p)
{
    (void)h;
    if (p >= PORTS || !ports[p].used) { errno = EINVAL; return -1; }
    ports[p].used = 0;
    return 0;
}
int xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t p)
{
    ssize_t n; (void)h;
    if (p >= PORTS || !ports[p].used) { errno = EINVAL; return -1; }
    n = write(notify, &ports[p].domid, 4); (void)n;
    return 0;
}
/* Takes all that is pending: the daemon looks at every ring whenever it wakes, but asks once a turn. */
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *h)
{
    uint32_t kick[2]; int i, port = -1; (void)h;
    while (read(kicks, kick, sizeof kick) == sizeof kick) {
        if (kick[0] == UINT32_MAX) port = VIRQ_PORT;
        for (i = VIRQ_PORT + 1; i < PORTS && port != VIRQ_PORT; i++)
            if (ports[i].used && ports[i].domid == kick[0] && ports[i].remote == kick[1]) { port = i; break; }
    }
    return port < 0 ? 0 : port;
}

/* libc */
static unsigned long clock_factor(void)
{
    const char *factor = getenv("XENSHIM_CLOCK");
    return factor ? strtoul(factor, NULL, 10) : 1;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    int r;
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    r = real(id, now);
    if (r == 0 && id == CLOCK_MONOTONIC && clock_factor() > 1) {
        unsigned __int128 ns = ((unsigned __int128)now->tv_sec * 1000000000 + now->tv_nsec) * clock_factor();
        now->tv_sec = ns / 1000000000; now->tv_nsec = ns % 1000000000;
    }
    return r;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    static int (*real)(struct pollfd *, nfds_t, int);
    if (!real) real = dlsym(RTLD_NEXT, "poll");
    return real(fds, n, timeout > 0 ? 1 + timeout / (int)clock_factor() : timeout);
}

static const char *redirected(const char *path, char *to, size_t size)
{
    const char *prefix = "/proc/xen/xsd_", *dir = getenv("XENSHIM_DIR");
    if (strncmp(path, prefix, strlen(prefix)) != 0) return path;
    snprintf(to, size, "%s/%s", dir ? dir : ".", path + strlen("/proc/xen/"));
    return to;
}
#define REDIRECT(name) \
int name(const char *path, int flags, ...) \
{ \
    static int (*real)(const char *, int, ...); char to[4096]; mode_t mode = 0; \
    if (!real) real = dlsym(RTLD_NEXT, #name); \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list ap; va_start(ap, flags); mode = va_arg(ap, mode_t); va_end(ap); } \
    return real(redirected(path, to, sizeof to), flags, mode); \
}
REDIRECT(open)
REDIRECT(open64)
