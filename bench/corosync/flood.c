/*
 * A load generator for Corosync's closed process groups (CPG), of the same
 * design as "spreadctl bench": one process holds a session at every daemon, so
 * that all times are of one clock, keeps a window of messages under way (closed
 * loop) or sends at fixed times whatever becomes of those before (open loop,
 * latency from the time a message was due), checks every message at every
 * receiver, and prints the same line of JSON. A run in which anything is lost,
 * doubled, damaged or out of order has no result.
 *
 * flood -n /run/netns/h1,/run/netns/h2 -p PID,PID -s SIZE -k SENDERS
 *       -r RATE (0: closed loop) -o WINDOW -w WARMUP_S -d DURATION_S
 *
 * A session sends and receives in one thread, as CPG's programs do: libcpg's
 * handle is for one thread at a time, and who sends must be a member.
 */
#define _GNU_SOURCE
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

enum {
	MAX_NODES = 32,
	SLOTS = 1 << 16, /* messages of a sender whose time is remembered */
	BURST = 64,      /* messages sent between two looks for deliveries */
	MIN_SIZE = 16,
};
#define SECOND 1000000000LL
#define DRAIN (5 * SECOND)
#define JOIN (20 * SECOND)

/* Histograms: 1024 steps for each power of two. */
enum { STEPS = 1024, BUCKETS = 40 * STEPS };
struct histogram {
	uint64_t count[BUCKETS], total;
	int64_t max;
};

struct node {
	int number;
	const char *netns;
	cpg_handle_t handle;
	pthread_t thread;
	atomic_int joined; /* sees all the others */

	/* the sender's */
	uint8_t *message;
	uint64_t sent;
	atomic_uint_fast64_t sent_seen;
	_Atomic int64_t departed[SLOTS];
	atomic_uint_fast64_t came[MAX_NODES]; /* by receiver: last number of this sender */

	/* the receiver's */
	uint64_t last[MAX_NODES];
	uint64_t total, hash;
	atomic_uint_fast64_t within; /* messages within the measurement */
	int64_t previous, gap;
	struct histogram *latency, *late;
	int changes;
};

static struct node node[MAX_NODES];
static int nodes, senders, size;
static double rate, warmup, duration;
static uint64_t window;
static int64_t begin, from, to;
static atomic_int running, stopped, ended;
static struct cpg_name group;
static pthread_mutex_t joining = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_connected;

static void die(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("flood: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* CRC-32C. */
static uint32_t crc(const uint8_t *p, size_t n)
{
	uint64_t c = 0xffffffff;
#ifdef __SSE4_2__
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		c = _mm_crc32_u64(c, v);
	}
#endif
	for (; n > 0; n--, p++) {
		c ^= *p;
		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0x82f63b78 : 0);
	}
	return ~(uint32_t)c;
}

/*
 * A message: sender, 4 bytes; its number, from 1, 8 bytes; padding; CRC-32C of
 * all before, 4 bytes. In this machine's byte order.
 */
static void write_message(uint8_t *m, uint32_t sender, uint64_t number)
{
	uint32_t sum;
	memcpy(m, &sender, 4);
	memcpy(m + 4, &number, 8);
	memset(m + 12, (int)(number & 0xff), (size_t)size - MIN_SIZE);
	sum = crc(m, (size_t)size - 4);
	memcpy(m + size - 4, &sum, 4);
}

static void record(struct histogram *h, int64_t v)
{
	int index, exponent;
	if (v < 0)
		v = 0;
	if (v > h->max)
		h->max = v;
	if (v < 2 * STEPS) {
		index = (int)v;
	} else {
		exponent = 63 - __builtin_clzll((uint64_t)v) - 10;
		index = (exponent << 10) + (int)(v >> exponent);
	}
	h->count[index < BUCKETS ? index : BUCKETS - 1]++;
	h->total++;
}

static double quantile(const struct histogram *h, double share)
{
	uint64_t seen = 0, wanted = (uint64_t)(share * (double)h->total);
	for (int i = 0; i < BUCKETS && h->total > 0; i++) {
		seen += h->count[i];
		if (seen > wanted || seen == h->total)
			return i < 2 * STEPS ? i : (double)((int64_t)(i % STEPS + STEPS) << (i / STEPS - 1));
	}
	return 0;
}

static void merge(struct histogram *into, const struct histogram *h)
{
	for (int i = 0; i < BUCKETS; i++)
		into->count[i] += h->count[i];
	into->total += h->total;
	if (h->max > into->max)
		into->max = h->max;
}

/* When a sender's message is due in an open loop; senders take turns. */
static int64_t due(int sender, uint64_t number)
{
	return begin + (int64_t)((double)((number - 1) * (uint64_t)senders + (uint64_t)sender) / rate * 1e9);
}

static int within(int64_t t) { return t >= from && t < to; }

static void interval(struct node *me, int64_t t)
{
	int64_t first = me->previous > from ? me->previous : from, last = t < to ? t : to;
	if (last - first > me->gap)
		me->gap = last - first;
	me->previous = t;
}

static void deliver(cpg_handle_t handle, const struct cpg_name *name, uint32_t from_node, uint32_t pid, void *msg, size_t length)
{
	struct node *me;
	uint32_t sender, sum;
	uint64_t number;
	int64_t t = now(), departed;
	(void)name, (void)from_node, (void)pid;
	cpg_context_get(handle, (void **)&me);
	if (!running)
		return;
	if (length != (size_t)size)
		die("no result: a message of %zu bytes", length);
	memcpy(&sender, msg, 4);
	memcpy(&number, (uint8_t *)msg + 4, 8);
	memcpy(&sum, (uint8_t *)msg + size - 4, 4);
	if (sum != crc(msg, (size_t)size - 4) || sender >= (uint32_t)senders)
		die("no result: a damaged message");
	if (number != me->last[sender] + 1)
		die("no result: message %llu of sender %u came after %llu", (unsigned long long)number, sender,
		    (unsigned long long)me->last[sender]);
	me->last[sender] = number;
	me->hash = (me->hash ^ ((uint64_t)sender << 56 ^ number)) * 0x9e3779b97f4a7c15;
	me->hash = me->hash << 29 | me->hash >> 35;
	me->total++;
	interval(me, t);
	departed = rate > 0 ? due((int)sender, number) : node[sender].departed[number % SLOTS];
	if (within(departed))
		record(me->latency, t - departed);
	if (within(t))
		me->within++;
	node[sender].came[me->number] = number;
}

static void changed(cpg_handle_t handle, const struct cpg_name *name, const struct cpg_address *members, size_t n,
		    const struct cpg_address *left, size_t leaving, const struct cpg_address *joined, size_t joining)
{
	struct node *me;
	(void)name, (void)members, (void)left, (void)leaving, (void)joined, (void)joining;
	cpg_context_get(handle, (void **)&me);
	if (running && !ended)
		die("no result: the membership changed");
	if (n == (size_t)nodes)
		me->joined = 1;
}

static void join(struct node *me)
{
	cpg_model_v1_data_t model = {.cpg_deliver_fn = deliver, .cpg_confchg_fn = changed};
	int ns = open(me->netns, O_RDONLY | O_CLOEXEC);
	cs_error_t err;
	if (ns < 0 || setns(ns, CLONE_NEWNET) != 0)
		die("namespace %s: %s", me->netns, strerror(errno));
	close(ns);
	for (int64_t limit = now() + JOIN;;) {
		err = cpg_model_initialize(&me->handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, me);
		if (err == CS_OK)
			break;
		if (now() > limit)
			die("cpg_initialize: error %d", err);
		usleep(10000);
	}
	while ((err = cpg_join(me->handle, &group)) == CS_ERR_TRY_AGAIN)
		usleep(1000);
	if (err != CS_OK)
		die("cpg_join: error %d", err);
}

/* Lowest number that every receiver has of a sender. */
static uint64_t slowest(const struct node *me)
{
	uint64_t least = UINT64_MAX;
	for (int i = 0; i < nodes; i++)
		if (me->came[i] < least)
			least = me->came[i];
	return least;
}

/* Sends what may be sent now, a burst at most; returns when to try again. */
static int64_t send_some(struct node *me)
{
	struct iovec data = {me->message, (size_t)size};
	for (int i = 0; i < BURST; i++) {
		uint64_t number = me->sent + 1;
		int64_t t = now(), at = rate > 0 ? due(me->number, number) : t;
		cs_error_t err;
		if (rate > 0 ? at >= to : t >= to) {
			stopped++;
			return INT64_MAX;
		}
		if (at > t)
			return at;
		if (rate == 0 && number > slowest(me) + window)
			return t + SECOND / 10000; /* deliveries wake it before */
		write_message(me->message, (uint32_t)me->number, number);
		if (rate == 0)
			me->departed[number % SLOTS] = t;
		err = cpg_mcast_joined(me->handle, CPG_TYPE_AGREED, &data, 1);
		if (err == CS_ERR_TRY_AGAIN)
			return t + SECOND / 20000;
		if (err != CS_OK)
			die("cpg_mcast_joined: error %d", err);
		if (rate > 0 && within(at))
			record(me->late, t - at);
		me->sent = number;
		me->sent_seen = number;
	}
	return now();
}

static int complete(const struct node *me)
{
	for (int i = 0; i < senders; i++)
		if (me->last[i] != node[i].sent_seen)
			return 0;
	return stopped == senders;
}

static void *session(void *argument)
{
	struct node *me = argument;
	int fd, sending = me->number < senders;
	int64_t next = 0, last_came = 0;
	uint64_t before = 0;
	prctl(PR_SET_TIMERSLACK, 1);
	/* Sessions that are opened at the same time lose their handles now and then. */
	pthread_mutex_lock(&joining);
	join(me);
	cpg_fd_get(me->handle, &fd);
	pthread_mutex_unlock(&joining);
	pthread_barrier_wait(&all_connected);
	for (;;) {
		int64_t t = now(), wait;
		struct timespec timeout;
		struct pollfd p = {fd, POLLIN, 0};
		if (running && sending && t >= next) {
			next = t < begin ? begin : send_some(me);
			if (next == INT64_MAX)
				sending = 0;
		}
		wait = sending && running ? next - now() : SECOND / 100;
		if (wait < 0)
			wait = 0;
		if (wait > SECOND / 100)
			wait = SECOND / 100;
		timeout = (struct timespec){wait / SECOND, wait % SECOND};
		if (ppoll(&p, 1, &timeout, NULL) > 0) {
			cs_error_t err = cpg_dispatch(me->handle, CS_DISPATCH_ALL);
			if (err != CS_OK && err != CS_ERR_TRY_AGAIN)
				die("cpg_dispatch: error %d", err);
		}
		if (me->total != before || !running) {
			before = me->total;
			last_came = now();
		}
		if (running && complete(me))
			return NULL;
		if (stopped == senders && now() - last_came > DRAIN)
			die("no result: %llu messages did not come to receiver %d", (unsigned long long)(node[0].sent_seen - me->last[0]), me->number);
	}
}

static int64_t cpu(const char *pids)
{
	int64_t total = 0;
	for (const char *p = pids; *p; p += *p == ',') {
		struct timespec t;
		clockid_t clock;
		pid_t pid = (pid_t)strtol(p, (char **)&p, 10);
		if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
			die("CPU time of process %d is not to be had", pid);
		total += t.tv_sec * SECOND + t.tv_nsec;
	}
	return total;
}

static int64_t own_cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(int64_t t)
{
	struct timespec at = {t / SECOND, t % SECOND};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void quantiles(const char *name, const struct histogram *h)
{
	printf("\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}", name, quantile(h, .5) / 1e3, quantile(h, .99) / 1e3,
	       quantile(h, .999) / 1e3, (double)h->max / 1e3);
}

static struct histogram *histogram(void)
{
	struct histogram *h = calloc(1, sizeof *h);
	if (h == NULL)
		die("no memory");
	return h;
}

int main(int argc, char **argv)
{
	char *list = NULL;
	const char *pids = "";
	struct histogram *latency = histogram(), *late = histogram();
	int64_t used, own, gap = 0;
	uint64_t least = UINT64_MAX;
	for (int c; (c = getopt(argc, argv, "n:p:s:k:r:o:w:d:")) != -1;)
		switch (c) {
		case 'n': list = optarg; break;
		case 'p': pids = optarg; break;
		case 's': size = atoi(optarg); break;
		case 'k': senders = atoi(optarg); break;
		case 'r': rate = atof(optarg); break;
		case 'o': window = strtoull(optarg, NULL, 10); break;
		case 'w': warmup = atof(optarg); break;
		case 'd': duration = atof(optarg); break;
		default: return 2;
		}
	for (char *ns = list ? strtok(list, ",") : NULL; ns && nodes < MAX_NODES; ns = strtok(NULL, ",")) {
		node[nodes].number = nodes;
		node[nodes].netns = ns;
		nodes++;
	}
	if (nodes == 0 || senders < 1 || senders > nodes || size < MIN_SIZE || window < 1 || window > SLOTS || duration <= 0) {
		fputs("flood: see the head of its source for the arguments\n", stderr);
		return 2;
	}
	group.length = (uint32_t)snprintf(group.value, sizeof group.value, "flood-%d", (int)getpid());
	pthread_barrier_init(&all_connected, NULL, (unsigned)nodes);
	for (int i = 0; i < nodes; i++) {
		node[i].latency = histogram();
		node[i].late = histogram();
		if ((node[i].message = malloc((size_t)size)) == NULL)
			die("no memory");
		if (pthread_create(&node[i].thread, NULL, session, &node[i]) != 0)
			die("no thread");
	}
	for (int64_t limit = now() + JOIN; ; usleep(1000)) {
		int all = 1;
		for (int i = 0; i < nodes; i++)
			all = all && node[i].joined;
		if (all)
			break;
		if (now() > limit)
			die("not all %d members see each other", nodes);
	}
	begin = now() + SECOND / 50;
	from = begin + (int64_t)(warmup * 1e9);
	to = from + (int64_t)(duration * 1e9);
	running = 1;
	sleep_until(from);
	used = cpu(pids), own = own_cpu();
	sleep_until(to);
	used = cpu(pids) - used, own = own_cpu() - own;
	for (int i = 0; i < nodes; i++)
		pthread_join(node[i].thread, NULL);
	ended = 1;
	for (int i = 0; i < nodes; i++) {
		if (node[i].hash != node[0].hash || node[i].total != node[0].total)
			die("no result: receiver %d had another order than receiver 0", i);
		interval(&node[i], to);
		if (node[i].gap > gap)
			gap = node[i].gap;
		if (node[i].within < least)
			least = node[i].within;
		merge(latency, node[i].latency);
		merge(late, node[i].late);
	}
	if (least == 0)
		die("no result: some receiver got nothing while it was measured");
	printf("{\"version\":1,\"messages_per_second\":%.3f,\"bytes_per_second\":%.3f,\"size\":%d,\"service\":\"agreed\",\"senders\":%d,"
	       "\"receivers\":%d,\"rate\":%g,\"window\":%llu,\"seconds\":%g,",
	       (double)least / duration, (double)least / duration * size, size, senders, nodes, rate,
	       (unsigned long long)(rate > 0 ? 0 : window), duration);
	quantiles("latency_us", latency);
	printf(",\"longest_gap_ms\":%.6f,\"lost\":0,\"duplicated\":0,\"out_of_order\":0,\"cpu_seconds\":%.6f,\"cpu_us_per_message\":%.6f,"
	       "\"client_cpu_seconds\":%.6f,",
	       (double)gap / 1e6, (double)used / 1e9, (double)used / 1e3 / (double)least, (double)own / 1e9);
	quantiles("late_us", late);
	printf(",\"messages\":%llu,\"hash\":\"%016llx\"}\n", (unsigned long long)node[0].total, (unsigned long long)node[0].hash);
	fflush(stdout);
	_exit(0); /* the daemons see the members leave; libcpg's threads need no farewell */
}
