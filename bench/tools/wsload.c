/*
 * wsload - single-threaded epoll WebSocket fan-out load client.
 *
 *   gcc -O2 -o wsload wsload.c
 *   wsload [options] HOST PORT PATH            (HOST is an IPv4 address)
 *
 *   -n N        sockets to open (default 100)
 *   -m M        '%d' in PATH and in -i text becomes (socket index % M) (default N)
 *   -T file     '%t' becomes a line of that file (a token for each socket, in turn)
 *   -R file     '%r' becomes a line of that file (socket index modulo their number)
 *   -H 'A: b'   extra request header (repeatable)
 *   -P proto    Sec-WebSocket-Protocol value
 *   -D          offer permessage-deflate (compressed frames are counted, not decoded)
 *   -i text     text message sent on every socket once it is open (repeatable: a frame each)
 *   -W k        a socket is ready after k text frames (subscribe acks; not counted)
 *   -c C        handshakes in flight at once (default 64)
 *   -C S        how long connecting may take, seconds (default 25)
 *   -z ms       settle time between "all ready" and the first phase (default 300)
 *   -g path     one measuring phase: GET path on HOST:PORT starts the publisher.
 *               repeatable; "n=<events per socket>" in it is what is expected.
 *   -G port     send the -g requests to this port instead
 *   -e E        expected events per socket where -g has no n= (0 = unknown)
 *   -t S        limit per phase, seconds (default 20)
 *   -q ms       a phase also ends after this long without any frame (default 1500)
 *   -x pct      stop after the first phase that lost more than pct %% of events
 *               or whose p50 latency was above -X ms (default 1e9)
 *   -s K        the first K sockets stop reading once ready (slow consumers)
 *   -S          leave the stalled sockets out of expected counts (implied by -s)
 *   -I S        hold all sockets idle S seconds, report, go on to the phases
 *   -p pid      report CPU and RSS of that process (repeatable)
 *   -k key      latency field in the payload (default "ts"), CLOCK_REALTIME ns
 *   -B bytes    SO_RCVBUF of the sockets
 *   -d          dump the first text frame of each phase to stderr
 *
 * A text line that is just {} is an application-level ping: it is answered with {}
 * and not counted (the Centrifuge client protocol). -i may hold several commands,
 * separated by \n; -W counts frames, not replies.
 *
 * One line of JSON per phase on stdout. "events" counts occurrences of the
 * latency field, so several events batched in one frame count each.
 * Everything is bounded: it stops by itself.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ST_NEW, ST_CONNECTING, ST_UPGRADING, ST_OPEN, ST_READY, ST_CLOSED };

struct sock {
	int fd, state, idx, stalled, acks;
	uint64_t events, frames;
	char *part;              /* bytes of an unfinished frame / header */
	size_t plen, pcap;
};

#define RBUF (1 << 18)
static char rbuf[RBUF];

static const char *host = "127.0.0.1", *path = "/", *proto, *init_texts[8], *key = "ts";
static int port, gport, nsock = 100, mod, inflight_max = 64, want_acks, settle_ms = 300;
static int stall_n, deflate_, dump, rcvbuf;
static double phase_limit = 20, quiet = 1.5, max_loss = -1, max_p50 = 1e9, idle_s, connect_limit = 25;
static long default_expect;
static const char *headers[32], *gets[128];
static int nheaders, ngets, ninits, pids[32], npids;
static char **tokens, **rooms;
static int ntokens, nrooms;
static char pat[64];
static size_t patlen;

static struct sock *S;
static int ep, nopen, nready, nclosed, nfail, next_conn, inflight;
static struct sockaddr_in addr;
static int trig_fd = -1, trig_ok;

/* phase counters */
static uint64_t ph_frames, ph_events, ph_zframes, ph_bytes, ph_reads, ph_done, pings, pongs;
static uint64_t ph_expect;
static uint64_t t_first, t_last;
static int in_phase, dumped;

/* log-linear histogram: 64 sub-buckets per power of two */
#define HB (64 * 64)
static uint64_t hist[HB], hcount, hmax;

static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }

static int hidx(uint64_t v)
{
	if (v < 64) return (int)v;
	int e = 63 - __builtin_clzll(v);
	return (e - 5) * 64 + (int)((v >> (e - 6)) & 63);
}
static uint64_t hval(int i)
{
	if (i < 64) return i;
	int e = i / 64 + 5;
	return (1ull << e) + ((uint64_t)(i & 63) << (e - 6));
}
static void hadd(uint64_t v) { hist[hidx(v)]++; hcount++; if (v > hmax) hmax = v; }
static double hpct(double p)
{
	uint64_t want = (uint64_t)(hcount * p / 100.0), c = 0;
	if (!hcount) return 0;
	for (int i = 0; i < HB; i++) { c += hist[i]; if (c > want) return hval(i) / 1e6; }
	return hmax / 1e6;
}

static void proc_usage(int pid, double *cpu, double *user, double *sys, double *rss)
{
	char p[300], buf[2048];
	FILE *f;
	/* of the whole process: threads that have ended count, too */
	clockid_t clock;
	struct timespec t;
	if (!clock_getcpuclockid(pid, &clock) && !clock_gettime(clock, &t)) *cpu += t.tv_sec + t.tv_nsec / 1e9;
	snprintf(p, sizeof p, "/proc/%d/stat", pid);
	if ((f = fopen(p, "r"))) {
		size_t n = fread(buf, 1, sizeof buf - 1, f); buf[n] = 0; fclose(f);
		char *q = strrchr(buf, ')');
		unsigned long u = 0, s = 0;
		if (q) sscanf(q + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s);
		*user += u / (double)sysconf(_SC_CLK_TCK);
		*sys += s / (double)sysconf(_SC_CLK_TCK);
	}
	snprintf(p, sizeof p, "/proc/%d/statm", pid);
	if ((f = fopen(p, "r"))) {
		unsigned long a, b;
		if (fscanf(f, "%lu %lu", &a, &b) == 2) *rss += b * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
		fclose(f);
	}
}
struct usage { double cpu[32], cpu_all, user, sys, rss, self; };
static void get_usage(struct usage *u)
{
	memset(u, 0, sizeof *u);
	for (int i = 0; i < npids; i++) {
		proc_usage(pids[i], &u->cpu[i], &u->user, &u->sys, &u->rss);
		u->cpu_all += u->cpu[i];
	}
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	u->self = r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
	if (fd < 0) { perror("socket"); exit(1); }
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (rcvbuf) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
	return fd;
}
static void reg(int fd, uint32_t ev, uint64_t data, int op)
{
	struct epoll_event e = { .events = ev, .data.u64 = data };
	epoll_ctl(ep, op, fd, &e);
}
static void start_conn(void)
{
	struct sock *s = &S[next_conn];
	s->idx = next_conn++;
	s->fd = new_socket();
	s->state = ST_CONNECTING;
	inflight++;
	if (connect(s->fd, (void *)&addr, sizeof addr) < 0 && errno != EINPROGRESS) { perror("connect"); exit(1); }
	reg(s->fd, EPOLLOUT, s->idx, EPOLL_CTL_ADD);
}
static void fail(struct sock *s, const char *why)
{
	if (s->state == ST_CLOSED) return;
	if (s->state < ST_OPEN) { inflight--; nfail++; if (nfail <= 3) fprintf(stderr, "socket %d failed: %s\n", s->idx, why); }
	else nclosed++;
	if (s->state == ST_READY) nready--;
	close(s->fd);
	s->state = ST_CLOSED;
}
/* %r: line of the -R file; %d: socket index modulo -m; %t: line (index modulo their number) of the -T file; \n: a newline */
static void expand(char *out, size_t cap, const char *tpl, int idx)
{
	size_t n = 0;
	for (const char *q = tpl; *q && n + 1 < cap; q++) {
		if (q[0] == '%' && q[1] == 'd') { n += snprintf(out + n, cap - n, "%d", idx % mod); q++; }
		else if (q[0] == '%' && q[1] == 't' && ntokens) { n += snprintf(out + n, cap - n, "%s", tokens[idx % ntokens]); q++; }
		else if (q[0] == '%' && q[1] == 'r' && nrooms) { n += snprintf(out + n, cap - n, "%s", rooms[idx % nrooms]); q++; }
		else if (q[0] == '\\' && q[1] == 'n') { out[n++] = '\n'; q++; }
		else out[n++] = *q;
		if (n >= cap) { n = cap - 1; break; }
	}
	out[n] = 0;
}
static void read_lines(const char *file, char ***lines, int *count)
{
	FILE *f = fopen(file, "r");
	char line[4096];
	if (!f) { perror(file); exit(2); }
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\r\n")] = 0;
		if (!*line) continue;
		*lines = realloc(*lines, (*count + 1) * sizeof **lines);
		(*lines)[(*count)++] = strdup(line);
	}
	fclose(f);
}
static void send_handshake(struct sock *s)
{
	char b[8192], p[1024];
	expand(p, sizeof p, path, s->idx);
	int n = snprintf(b, sizeof b,
		"GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", p, host, port);
	if (proto) n += snprintf(b + n, sizeof b - n, "Sec-WebSocket-Protocol: %s\r\n", proto);
	if (deflate_) n += snprintf(b + n, sizeof b - n, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
	for (int i = 0; i < nheaders; i++) n += snprintf(b + n, sizeof b - n, "%s\r\n", headers[i]);
	n += snprintf(b + n, sizeof b - n, "\r\n");
	if (write(s->fd, b, n) != n) fail(s, "write handshake");
}
/* masked client frame; the mask key is zero, so the payload goes as it is */
static void send_frame(struct sock *s, int op, const char *d, size_t len)
{
	char b[8192]; size_t n = 0;
	b[n++] = (char)(0x80 | op);
	if (len > sizeof b - 16) return;
	if (len < 126) b[n++] = (char)(0x80 | len);
	else { b[n++] = (char)(0x80 | 126); b[n++] = (char)(len >> 8); b[n++] = (char)len; }
	memset(b + n, 0, 4); n += 4;
	memcpy(b + n, d, len); n += len;
	if (write(s->fd, b, n) < 0) { /* dropped: the peer does not read */ }
}
static void mark_ready(struct sock *s)
{
	if (s->state != ST_OPEN || s->acks < want_acks) return;
	s->state = ST_READY;
	nready++;
	if (s->idx < stall_n) { s->stalled = 1; reg(s->fd, 0, s->idx, EPOLL_CTL_MOD); }
}
/* an application-level ping, as in the Centrifuge protocol: a line that is just {} */
static int is_ping_line(const char *d, size_t len)
{
	const char *p = d, *end = d + len;
	while (p < end) {
		const char *nl = memchr(p, '\n', end - p);
		const char *e = nl ? nl : end;
		if (e - p == 2 && p[0] == '{' && p[1] == '}') return 1;
		p = e + 1;
	}
	return 0;
}
static void on_text(struct sock *s, const char *d, size_t len, int compressed, uint64_t t)
{
	if (!compressed && is_ping_line(d, len)) {
		pongs++;
		send_frame(s, 1, "{}", 2);
		if (len == 2) return;
	}
	if (s->state == ST_OPEN) { s->acks++; mark_ready(s); return; }
	if (!in_phase) return;
	if (dump && !dumped) { dumped = 1; fprintf(stderr, "first frame (%zu bytes): %.*s\n", len, (int)(len > 300 ? 300 : len), d); }
	s->frames++; ph_frames++;
	if (!t_first) t_first = t;
	t_last = t;
	if (compressed) { ph_zframes++; ph_events++; s->events++; return; }
	const char *p = d, *end = d + len;
	while ((p = memmem(p, end - p, pat, patlen))) {
		p += patlen;
		while (p < end && *p == ' ') p++;
		uint64_t v = 0;
		while (p < end && *p >= '0' && *p <= '9') v = v * 10 + (*p++ - '0');
		hadd(t > v ? t - v : 0);
		s->events++; ph_events++;
		if (ph_expect && s->events == ph_expect) ph_done++;
	}
}
/* returns bytes consumed from d */
static size_t parse(struct sock *s, char *d, size_t len, uint64_t t)
{
	size_t o = 0;
	if (s->state == ST_UPGRADING) {
		char *e = memmem(d, len, "\r\n\r\n", 4);
		if (!e) return 0;
		if (len < 12 || memcmp(d + 9, "101", 3)) { fail(s, "no 101"); return len; }
		o = e + 4 - d;
		s->state = ST_OPEN; nopen++; inflight--;
		for (int i = 0; i < ninits; i++) { char m[4096]; expand(m, sizeof m, init_texts[i], s->idx); send_frame(s, 1, m, strlen(m)); }
		mark_ready(s);
	}
	while (len - o >= 2) {
		unsigned char *h = (unsigned char *)d + o;
		size_t hl = 2, pl = h[1] & 127;
		if (pl == 126) { if (len - o < 4) break; pl = (h[2] << 8) | h[3]; hl = 4; }
		else if (pl == 127) { if (len - o < 10) break; pl = 0; for (int i = 0; i < 8; i++) pl = (pl << 8) | h[2 + i]; hl = 10; }
		if (len - o < hl + pl) break;
		int op = h[0] & 15;
		if (op == 1 || op == 2) on_text(s, d + o + hl, pl, h[0] & 0x40, t);
		else if (op == 9) { pings++; send_frame(s, 10, d + o + hl, pl); }
		else if (op == 8) { send_frame(s, 8, d + o + hl, pl); fail(s, "closed"); return len; }
		o += hl + pl;
	}
	return o;
}
static void on_readable(struct sock *s)
{
	/* an unfinished frame is put in front of the new bytes */
	size_t have = s->plen;
	if (have >= RBUF / 2) { /* large frame: grow in place */
		if (s->pcap < have + RBUF) s->part = realloc(s->part, s->pcap = have * 2 + RBUF);
		ssize_t r = read(s->fd, s->part + have, RBUF);
		if (r <= 0) { if (r == 0 || errno != EAGAIN) fail(s, "eof"); return; }
		ph_bytes += r; ph_reads++;
		size_t used = parse(s, s->part, have + r, now());
		memmove(s->part, s->part + used, have + r - used);
		s->plen = have + r - used;
		return;
	}
	if (have) memcpy(rbuf, s->part, have);
	ssize_t r = read(s->fd, rbuf + have, RBUF - have);
	if (r <= 0) { if (r == 0 || errno != EAGAIN) fail(s, "eof"); return; }
	ph_bytes += r; ph_reads++;
	size_t total = have + r, used = parse(s, rbuf, total, now());
	size_t left = total - used;
	if (s->state == ST_CLOSED) { s->plen = 0; return; }
	if (left) {
		if (s->pcap < left) s->part = realloc(s->part, s->pcap = left * 2);
		memcpy(s->part, rbuf + used, left);
	}
	s->plen = left;
}
#define TRIG 0xffffffffu
static void pump(int timeout_ms)
{
	struct epoll_event ev[512];
	int n = epoll_wait(ep, ev, 512, timeout_ms);
	for (int i = 0; i < n; i++) {
		if (ev[i].data.u64 == TRIG) {
			char b[4096];
			ssize_t r = read(trig_fd, b, sizeof b - 1);
			if (r > 12 && !trig_ok) { b[r] = 0; trig_ok = !memcmp(b + 9, "200", 3) ? 1 : -1; if (trig_ok < 0) fprintf(stderr, "trigger: %.200s\n", b); }
			if (r == 0 || (r < 0 && errno != EAGAIN)) { close(trig_fd); trig_fd = -1; }
			continue;
		}
		struct sock *s = &S[ev[i].data.u64];
		if (s->state == ST_CLOSED) continue;
		if (s->state == ST_CONNECTING) {
			int err = 0; socklen_t l = sizeof err;
			getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &l);
			if (err) { fail(s, strerror(err)); continue; }
			s->state = ST_UPGRADING;
			reg(s->fd, EPOLLIN, s->idx, EPOLL_CTL_MOD);
			send_handshake(s);
			continue;
		}
		if (s->stalled) { if (ev[i].events & (EPOLLHUP | EPOLLERR)) fail(s, "closed"); continue; }
		on_readable(s);
	}
}
static void trigger(const char *p)
{
	struct sockaddr_in a = addr;
	char b[2048];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_port = htons(gport ? gport : port);
	if (connect(fd, (void *)&a, sizeof a) < 0) { perror("trigger connect"); exit(1); }
	int n = snprintf(b, sizeof b, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n", p, host, port);
	if (write(fd, b, n) != n) { perror("trigger"); exit(1); }
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (trig_fd >= 0) close(trig_fd);
	trig_fd = fd; trig_ok = 0;
	reg(fd, EPOLLIN, TRIG, EPOLL_CTL_ADD);
}

int main(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "C:n:m:H:P:T:R:Di:W:c:z:g:G:e:t:q:x:X:s:SI:p:k:B:d")) != -1)
		switch (c) {
		case 'n': nsock = atoi(optarg); break;
		case 'C': connect_limit = atof(optarg); break;
		case 'm': mod = atoi(optarg); break;
		case 'H': if (nheaders < 32) headers[nheaders++] = optarg; break;
		case 'P': proto = optarg; break;
		case 'D': deflate_ = 1; break;
		case 'i': if (ninits < 8) init_texts[ninits++] = optarg; break;
		case 'T': read_lines(optarg, &tokens, &ntokens); break;
		case 'R': read_lines(optarg, &rooms, &nrooms); break;
		case 'W': want_acks = atoi(optarg); break;
		case 'c': inflight_max = atoi(optarg); break;
		case 'z': settle_ms = atoi(optarg); break;
		case 'g': if (ngets < 128) gets[ngets++] = optarg; break;
		case 'G': gport = atoi(optarg); break;
		case 'e': default_expect = atol(optarg); break;
		case 't': phase_limit = atof(optarg); break;
		case 'q': quiet = atof(optarg) / 1000; break;
		case 'x': max_loss = atof(optarg); break;
		case 'X': max_p50 = atof(optarg); break;
		case 's': stall_n = atoi(optarg); break;
		case 'S': break;
		case 'I': idle_s = atof(optarg); break;
		case 'p': if (npids < 32) pids[npids++] = atoi(optarg); break;
		case 'k': key = optarg; break;
		case 'B': rcvbuf = atoi(optarg); break;
		case 'd': dump = 1; break;
		default: fprintf(stderr, "see the comment at the top of wsload.c\n"); return 2;
		}
	if (argc - optind < 3) { fprintf(stderr, "wsload [options] HOST PORT PATH (see the comment at the top of wsload.c)\n"); return 2; }
	host = argv[optind]; port = atoi(argv[optind + 1]); path = argv[optind + 2];
	if (mod <= 0) mod = nsock;
	patlen = snprintf(pat, sizeof pat, "\"%s\":", key);
	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
	S = calloc(nsock, sizeof *S);
	ep = epoll_create1(0);
	addr.sin_family = AF_INET; addr.sin_port = htons(port);
	if (inet_pton(AF_INET, host, &addr.sin_addr) != 1) { fprintf(stderr, "bad IPv4 %s\n", host); return 2; }

	struct usage u0, u1;
	get_usage(&u0);
	uint64_t t0 = now();
	while (nready + nfail + nclosed < nsock && now() - t0 < connect_limit * 1e9) {
		while (next_conn < nsock && inflight < inflight_max) start_conn();
		pump(100);
	}
	double ct = (now() - t0) / 1e9;
	uint64_t ts = now();
	while (now() - ts < settle_ms * 1000000ull) pump(20);
	get_usage(&u1);
	printf("{\"phase\":\"connect\",\"sockets\":%d,\"ready\":%d,\"failed\":%d,\"seconds\":%.3f,\"connects_per_s\":%.0f,\"rss_before_mb\":%.1f,\"rss_after_mb\":%.1f,\"kb_per_conn\":%.1f,\"server_cpu_s\":%.3f,\"cpu_us_per_connect\":%.0f}\n",
		nsock, nready, nfail, ct, nready / ct, u0.rss, u1.rss, (u1.rss - u0.rss) * 1024 / (nready ? nready : 1), u1.cpu_all - u0.cpu_all, (u1.cpu_all - u0.cpu_all) * 1e6 / (nready ? nready : 1));
	fflush(stdout);
	if (!nready) return 1;
	if (idle_s > 0) {
		get_usage(&u0);
		ts = now();
		while (now() - ts < idle_s * 1e9) pump(50);
		get_usage(&u1);
		printf("{\"phase\":\"idle\",\"seconds\":%.1f,\"ready\":%d,\"closed\":%d,\"pings\":%lu,\"rss_mb\":%.1f,\"server_cpu_s\":%.3f}\n", idle_s, nready, nclosed, (unsigned long)pings, u1.rss, u1.cpu_all - u0.cpu_all);
		fflush(stdout);
	}
	for (int g = 0; g < ngets; g++) {
		const char *q = strstr(gets[g], "n=");
		ph_expect = q ? strtoull(q + 2, 0, 10) : (uint64_t)default_expect;
		ph_frames = ph_events = ph_zframes = ph_bytes = ph_reads = ph_done = 0;
		t_first = t_last = 0; memset(hist, 0, sizeof hist); hcount = hmax = 0; dumped = 0;
		for (int i = 0; i < nsock; i++) S[i].events = S[i].frames = 0;
		uint64_t live = 0;
		for (int i = 0; i < nsock; i++) if (S[i].state == ST_READY && !S[i].stalled) live++;
		get_usage(&u0);
		in_phase = 1;
		uint64_t start = now();
		trigger(gets[g]);
		double rss_peak = u0.rss; uint64_t last_rss = start;
		for (;;) {
			pump(10);
			uint64_t t = now();
			if (npids && stall_n && t - last_rss > 200000000ull) { struct usage x; get_usage(&x); if (x.rss > rss_peak) rss_peak = x.rss; last_rss = t; }
			if (ph_expect && (ph_done >= live || (ph_zframes && ph_events >= live * ph_expect))) break;
			if ((t - start) / 1e9 > phase_limit) break;
			uint64_t ref = t_last ? t_last : start + 2000000000ull;
			if (t > ref && (t - ref) / 1e9 > quiet) break;
			if (nready == 0) break;
		}
		get_usage(&u1);
		in_phase = 0;
		uint64_t mn = UINT64_MAX, mx = 0;
		for (int i = 0; i < nsock; i++) if (S[i].state == ST_READY && !S[i].stalled) {
			if (S[i].events < mn) mn = S[i].events;
			if (S[i].events > mx) mx = S[i].events;
		}
		if (mn == UINT64_MAX) mn = 0;
		double span = (t_last - t_first) / 1e9;
		double exp_total = (double)live * ph_expect;
		double loss = exp_total ? 100.0 * (1 - ph_events / exp_total) : 0;
		double cpu = u1.cpu_all - u0.cpu_all, us = u1.user - u0.user, sy = u1.sys - u0.sys;
		double p50 = hpct(50);
		printf("{\"phase\":\"%s\",\"sockets\":%lu,\"events\":%lu,\"frames\":%lu,\"expected\":%.0f,\"loss_pct\":%.2f,\"min\":%lu,\"max\":%lu,\"span_s\":%.3f,\"events_per_s\":%.0f,\"frames_per_s\":%.0f,"
			"\"p50_ms\":%.2f,\"p90_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,\"closed\":%d,\"pings\":%lu,\"zframes\":%lu,\"bytes_per_frame\":%.0f,\"frames_per_read\":%.2f,\"server_cpu_s\":%.3f,\"server_cpu_us_per_event\":%.2f,\"sys_share\":%.2f,\"server_busy\":%.2f,\"client_busy\":%.2f,\"rss_mb\":%.1f,\"rss_peak_mb\":%.1f,\"cpu_by_pid\":[",
			gets[g], (unsigned long)live, (unsigned long)ph_events, (unsigned long)ph_frames, exp_total, loss, (unsigned long)mn, (unsigned long)mx, span,
			span > 0 ? ph_events / span : 0, span > 0 ? ph_frames / span : 0, p50, hpct(90), hpct(99), hmax / 1e6, nclosed, (unsigned long)pings, (unsigned long)ph_zframes,
			ph_frames ? (double)ph_bytes / ph_frames : 0, ph_reads ? (double)ph_frames / ph_reads : 0,
			cpu, ph_events ? cpu * 1e6 / ph_events : 0, us + sy > 0 ? sy / (us + sy) : 0, span > 0 ? cpu / ((t_last - start) / 1e9) : 0, span > 0 ? (u1.self - u0.self) / ((t_last - start) / 1e9) : 0, u1.rss, rss_peak > u1.rss ? rss_peak : u1.rss);
		for (int i = 0; i < npids; i++) printf("%s%.3f", i ? "," : "", u1.cpu[i] - u0.cpu[i]);
		printf("]}\n");
		fflush(stdout);
		if (max_loss >= 0 && (loss > max_loss || p50 > max_p50)) break;
		/* let stragglers drain */
		ts = now();
		while (now() - ts < 200000000ull) pump(20);
	}
	return 0;
}
