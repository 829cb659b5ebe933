/*
 * Recovery from CXL.mem isolation, as a driver in C (CXL 3.2 8.2.4.24, 12.3). A hook never waits: what may wait is requested, and cxl_completed takes the
 * next step. One recovery at a time; ports that isolate meanwhile wait their turn.
 */
#include <cxl_sandbox.h>

#define MAX_PORTS 32u
#define MAX_REGIONS 64u
#define MILLISECOND 1000000ull
#define WORK_LATENCY 20000ull            /* from the interrupt to the worker */
#define BUSY_BUDGET (2000 * MILLISECOND) /* how long the root port may stay busy */
#define BUSY_POLL (10 * MILLISECOND)
#define LINK_TIMEOUT (1000 * MILLISECOND)
#define SETTLE_TIME (100 * MILLISECOND) /* from link up to the first config access */

struct port {
	bool is_used;
	uint32_t device;
	char name[16];
	cxl_iomem isolation;
	bool is_isolated;
};

/* What is being waited for. */
enum step { IDLE, STARTED, LATENCY, REMOVING_FIRST, FENCING, PINS, UNBINDING, RELEASING, REMOVING, LINK_GOING_DOWN, BUSY, LINK_COMING_UP, SETTLING, SCANNING, RECREATING, CLEARING, ACTIVATING, SPLITTING };

static struct port ports[MAX_PORTS];
static struct port *queue[MAX_PORTS];
static uint32_t queued;

/* Regions that no recovery could make again so far, since a member below another port was gone: the next one tries. */
static int32_t unrestored[MAX_REGIONS];
static uint32_t unrestored_count;

static struct {
	enum step step;
	int32_t request;
	struct port *port;
	uint32_t record;
	uint32_t state;
	int32_t regions[MAX_REGIONS];
	uint32_t region_count;
	int32_t plans[2 * MAX_REGIONS];
	uint32_t plan_count, carried;
	uint32_t index;
	int32_t made;
	bool was_up, removal_first;
	uint64_t until, bytes_before, bytes_after;
	char problems[192];
} now;

CXL_DRIVER({ .kind = CXL_KIND_ROOT_PORT, .structure = CXL_TIMEOUT_ISOLATION })

static void set_field(cxl_iomem at, uint32_t mask, uint32_t value)
{
	writel((readl(at) & ~mask) | CXL_PREP(mask, value), at);
}

/* The longer span of the lowest range that the port supports; 0, the default span, where none is programmable. */
static uint32_t timeout_value(uint32_t ranges)
{
	if (ranges & 1)
		return 2;
	if (ranges & 2)
		return 6;
	if (ranges & 4)
		return 10;
	return ranges & 8 ? 14 : 0;
}

/* Timeout value, then its enable, then isolation with everything that belongs to it in one write. */
static void arm(cxl_iomem isolation, uint32_t capability, bool has_interrupt, bool has_err_cor)
{
	cxl_iomem control = isolation + CXL_TIMEOUT_ISOLATION_CONTROL;
	bool has_timeout = capability & CXL_TIMEOUT_ISOLATION_CAPABILITY_MEMORY_TIMEOUT;
	uint32_t value;

	set_field(control, CXL_TIMEOUT_ISOLATION_CONTROL_MEMORY_TIMEOUT_VALUE, has_timeout ? timeout_value(CXL_GET(CXL_TIMEOUT_ISOLATION_CAPABILITY_MEMORY_TIMEOUT_RANGES, capability)) : 0);
	if (has_timeout)
		set_field(control, CXL_TIMEOUT_ISOLATION_CONTROL_MEMORY_TIMEOUT_ENABLE, 1);
	value = readl(control) | CXL_TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_ENABLE;
	if (capability & CXL_TIMEOUT_ISOLATION_CAPABILITY_MEMORY_ISOLATION_LINK_DOWN)
		value |= CXL_TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_LINK_DOWN_ENABLE;
	if (has_interrupt)
		value |= CXL_TIMEOUT_ISOLATION_CONTROL_INTERRUPT_ENABLE;
	if (has_err_cor)
		value |= CXL_TIMEOUT_ISOLATION_CONTROL_ERR_COR_ENABLE;
	writel(value, control);
}

static void mark(const struct port *port, const char *what, const char *detail)
{
	char text[64];
	uint32_t length = cxl_snprintf(text, sizeof(text), "%s %s", port->name, what);

	cxl_mark(text, length, detail, cxl_strlen(detail));
}

static struct port *port_of(uint32_t device)
{
	for (uint32_t i = 0; i < MAX_PORTS; i++)
		if (ports[i].is_used && ports[i].device == device)
			return &ports[i];
	return NULL;
}

static struct port *add_port(uint32_t device, cxl_iomem isolation)
{
	for (uint32_t i = 0; i < MAX_PORTS; i++) {
		if (ports[i].is_used)
			continue;
		ports[i] = (struct port){ .is_used = true, .device = device, .isolation = isolation };
		cxl_device_name(device, ports[i].name, sizeof(ports[i].name));
		return &ports[i];
	}
	return NULL;
}

static bool is_notification(const char *value)
{
	return cxl_parameter_is("notification", value);
}

/* Nothing may use CXL.mem while isolation is enabled: the kernel probes before it does. */
int32_t cxl_probe(uint32_t device)
{
	cxl_iomem isolation = cxl_ioremap_structure(device, CXL_TIMEOUT_ISOLATION);
	uint32_t capability = readl(isolation + CXL_TIMEOUT_ISOLATION_CAPABILITY);
	int32_t granted = cxl_granted(device);
	bool may_interrupt, wants_interrupt, has_interrupt = false, wants_err_cor;
	struct port *port;

	if (!(capability & CXL_TIMEOUT_ISOLATION_CAPABILITY_MEMORY_ISOLATION))
		return 1;
	port = add_port(device, isolation);
	if (port == NULL)
		return -ENOMEM;
	if (!((uint32_t)granted & CXL_GRANTED_ISOLATION_CONTROL)) {
		cxl_logf(CXL_LOG_INFO, "cxl_isolation %s: platform firmware controls CXL.mem isolation", port->name);
		return 0;
	}
	wants_interrupt = !is_notification("none") && !is_notification("acpi-notify");
	may_interrupt = wants_interrupt && ((uint32_t)granted & CXL_GRANTED_ISOLATION_NOTIFICATION);
	if (may_interrupt && (capability & CXL_TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT))
		has_interrupt = cxl_request_interrupt(device, CXL_GET(CXL_TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE, capability)) == 0;
	if (may_interrupt && !has_interrupt) {
		cxl_logf(CXL_LOG_WARN, "cxl_isolation %s: no interrupt support, isolation left disabled", port->name);
		port->is_used = false;
		return 1;
	}
	wants_err_cor = is_notification("interrupt+err-cor") || is_notification("acpi-notify");
	arm(isolation, capability, has_interrupt, wants_err_cor && (capability & CXL_TIMEOUT_ISOLATION_CAPABILITY_ERR_COR_SIGNALING));
	mark(port, "isolation armed", "");
	cxl_logf(CXL_LOG_INFO, "cxl_isolation %s: CXL.mem isolation enabled", port->name);
	return 0;
}

/* Leaves the state machine at `step` until the request is over. */
static void await(enum step step, uint32_t operation, uint64_t a, uint64_t b, uint64_t c)
{
	now.step = step;
	now.request = cxl_request(operation, a, b, c);
}

static void enter(uint32_t state, const char *detail)
{
	now.state = state;
	cxl_recovery_enter(now.record, state, detail, cxl_strlen(detail));
}

static void keep_plan(int32_t plan)
{
	if (unrestored_count < MAX_REGIONS)
		unrestored[unrestored_count++] = plan;
	else
		cxl_put((uint32_t)plan);
}

/* The next port, when one waits; what `now` held has been given back. */
static void next_port(void)
{
	now.step = IDLE;
	if (queued > 0)
		await(STARTED, CXL_REQUEST_WORK, 0, 0, 0);
}

static void finish(void)
{
	cxl_slot_hold(now.port->device, 0);
	cxl_recovery_end(now.record);
	cxl_put(now.record);
	for (uint32_t i = 0; i < now.region_count; i++)
		cxl_put((uint32_t)now.regions[i]);
	next_port();
}

/* Ends it early. What was lost on the way up another recovery may bring back. */
static void give_up(uint32_t state, const char *reason)
{
	for (uint32_t i = 0; i < now.plan_count; i++) {
		if (state == CXL_STATE_RECOVERED_REDUCED)
			keep_plan(now.plans[i]);
		else
			cxl_put((uint32_t)now.plans[i]);
	}
	enter(state, reason);
	finish();
}

/* An error number on the way down leaves memory that is neither usable nor removable; on the way up, a smaller service. */
static void fail(void)
{
	bool is_down = now.state >= CXL_STATE_REMOVED && now.state <= CXL_STATE_ENUMERATED;
	char text[192];

	cxl_error_text(text, sizeof(text));
	give_up(is_down ? CXL_STATE_RECOVERED_REDUCED : CXL_STATE_STRANDED, text);
}

static void begin(void)
{
	struct port *port = queue[0];
	int32_t found;
	char detail[64];

	for (uint32_t i = 1; i < queued; i++)
		queue[i - 1] = queue[i];
	queued--;
	now.port = port;
	now.removal_first = cxl_parameter_is("order", "removal-first");
	now.bytes_before = now.bytes_after = 0;
	now.problems[0] = 0;
	now.record = (uint32_t)cxl_recovery(port->device);
	found = cxl_regions_below(port->device, now.regions, MAX_REGIONS);
	now.region_count = found < 0 ? 0 : (uint32_t)found > MAX_REGIONS ? MAX_REGIONS : (uint32_t)found;
	cxl_slot_hold(port->device, 1);
	now.carried = unrestored_count;
	now.plan_count = 0;
	for (uint32_t i = 0; i < unrestored_count; i++)
		now.plans[now.plan_count++] = unrestored[i];
	unrestored_count = 0;
	for (uint32_t i = 0; i < now.region_count; i++)
		now.plans[now.plan_count++] = cxl_plan((uint32_t)now.regions[i]);
	for (uint32_t i = 0; i < now.plan_count; i++)
		now.bytes_before += (uint64_t)cxl_value((uint32_t)now.plans[i], CXL_VALUE_ALIVE_BYTES);
	cxl_recovery_bytes(now.record, now.bytes_before, 0);
	cxl_snprintf(detail, sizeof(detail), "%u regions, %llu bytes", (unsigned)found, (unsigned long long)now.bytes_before);
	enter(CXL_STATE_NOTIFIED, detail);
	await(LATENCY, CXL_REQUEST_SLEEP, WORK_LATENCY, 0, 0);
}

static void remove_below(enum step step)
{
	cxl_slot_disconnect(now.port->device);
	await(step, CXL_REQUEST_REMOVE_BELOW, now.port->device, 0, 0);
}

static void fence(void)
{
	await(FENCING, CXL_REQUEST_FENCE, (uintptr_t)now.regions, now.region_count, 0);
}

static void cycle_link(void)
{
	now.was_up = cxl_link_is_up(now.port->device) == 1;
	if (now.was_up)
		cxl_link_disable(now.port->device);
	await(LINK_GOING_DOWN, CXL_REQUEST_LINK_WAIT, now.port->device, 0, LINK_TIMEOUT);
}

/* The next region that is still there, or the step behind the last one. */
static void release_next(void)
{
	for (; now.index < now.region_count; now.index++) {
		uint32_t region = (uint32_t)now.regions[now.index];

		if (cxl_value(region, CXL_VALUE_IS_GONE) == 1)
			continue;
		await(RELEASING, CXL_REQUEST_RELEASE, region, (uint32_t)now.plans[now.carried + now.index], now.port->device);
		return;
	}
	if (now.removal_first)
		cycle_link();
	else
		remove_below(REMOVING);
}

static void unbind_next(void)
{
	for (; now.index < now.region_count; now.index++) {
		if (cxl_value((uint32_t)now.regions[now.index], CXL_VALUE_IS_GONE) == 1)
			continue;
		await(UNBINDING, CXL_REQUEST_UNBIND, (uint32_t)now.regions[now.index], 0, 0);
		return;
	}
	enter(CXL_STATE_UNBOUND, "");
	now.index = 0;
	release_next();
}

static void fenced(void)
{
	char owners[128], detail[160];

	if (cxl_link_is_up(now.port->device) != 1)
		cxl_slot_disconnect(now.port->device);
	enter(CXL_STATE_FENCED, "");
	for (uint32_t i = 0; i < now.plan_count; i++) {
		if (cxl_value((uint32_t)now.plans[i], CXL_VALUE_IS_KERNEL_MAPPED) != 1)
			continue;
		cxl_name((uint32_t)now.plans[i], owners, sizeof(owners));
		cxl_snprintf(detail, sizeof(detail), "%s is mapped by the kernel and cannot be evacuated", owners);
		give_up(CXL_STATE_STRANDED, detail);
		return;
	}
	enter(CXL_STATE_EVACUATED, "");
	now.index = 0;
	if (cxl_pin_owners(now.regions, now.region_count, owners, sizeof(owners)) <= 0) {
		unbind_next();
		return;
	}
	cxl_recovery_blocked(now.record, owners, cxl_strlen(owners));
	cxl_snprintf(detail, sizeof(detail), "pages pinned by %s", owners);
	enter(CXL_STATE_BLOCKED, detail);
	await(PINS, CXL_REQUEST_WAIT_FOR_PINS, (uintptr_t)now.regions, now.region_count, 0);
}

/* Waits for root port busy, then clears what is set; isolation must be over afterwards (TR1, TR2). */
static void clear_status(void)
{
	cxl_iomem status = now.port->isolation + CXL_TIMEOUT_ISOLATION_STATUS;

	if (readl(status) & CXL_TIMEOUT_ISOLATION_STATUS_ROOT_PORT_BUSY) {
		if (cxl_now() >= now.until)
			give_up(CXL_STATE_REBOOT_CHOSEN, "the root port stays busy");
		else
			await(BUSY, CXL_REQUEST_SLEEP, BUSY_POLL, 0, 0);
		return;
	}
	writel(CXL_TIMEOUT_ISOLATION_STATUS_MEMORY_TIMEOUT | CXL_TIMEOUT_ISOLATION_STATUS_MEMORY_ISOLATION | CXL_TIMEOUT_ISOLATION_STATUS_MEMORY_ISOLATION_LINK_DOWN, status);
	if (readl(status) & CXL_TIMEOUT_ISOLATION_STATUS_MEMORY_ISOLATION) {
		give_up(CXL_STATE_REBOOT_CHOSEN, "isolation cannot be left");
		return;
	}
	now.port->is_isolated = false;
	cxl_set_isolated(now.port->device, 0);
	enter(CXL_STATE_CLEARED, "");
	if (now.was_up)
		cxl_link_enable(now.port->device);
	await(LINK_COMING_UP, CXL_REQUEST_LINK_WAIT, now.port->device, 1, LINK_TIMEOUT);
}

/* The next region to make again, or the end. */
static void restore_next(void)
{
	bool is_whole = now.bytes_after >= now.bytes_before;
	char detail[48];

	if (now.index < now.plan_count) {
		now.made = 0;
		await(RECREATING, CXL_REQUEST_RECREATE, (uint32_t)now.plans[now.index], 0, 0);
		return;
	}
	cxl_snprintf(detail, sizeof(detail), "%llu bytes", (unsigned long long)now.bytes_after);
	enter(CXL_STATE_RECREATED, detail);
	enter(is_whole ? CXL_STATE_RECOVERED : CXL_STATE_RECOVERED_REDUCED, now.problems);
	finish();
}

/* A region is back, or `problem` says why not; then another recovery may bring it back. */
static void restored(const char *problem)
{
	uint32_t plan = (uint32_t)now.plans[now.index++];
	uint32_t length = cxl_strlen(now.problems);
	char name[32];

	if (problem == NULL) {
		now.bytes_after += (uint64_t)cxl_value((uint32_t)now.made, CXL_VALUE_ALIVE_BYTES);
		cxl_recovery_bytes(now.record, now.bytes_before, now.bytes_after);
		cxl_put(plan);
	} else {
		cxl_name(plan, name, sizeof(name));
		cxl_logf(CXL_LOG_ERR, "cxl_isolation %s: %s not restored: %s", now.port->name, name, problem);
		cxl_snprintf(now.problems + length, (uint32_t)sizeof(now.problems) - length, "%s%s", length == 0 ? "" : "; ", problem);
		keep_plan((int32_t)plan);
	}
	if (now.made > 0)
		cxl_put((uint32_t)now.made);
	restore_next();
}

static void restore_failed(void)
{
	char text[128];

	cxl_error_text(text, sizeof(text));
	restored(text);
}

static void memory_silent(void)
{
	char name[32], text[64];

	cxl_name((uint32_t)now.plans[now.index], name, sizeof(name));
	cxl_snprintf(text, sizeof(text), "%s: memory does not answer", name);
	restored(text);
}

/* From the first step to the last: what the end of a request leads to. */
static void advance(int64_t result)
{
	if (result < 0 && now.step < RECREATING) {
		fail();
		return;
	}
	switch (now.step) {
	case STARTED:
		begin();
		break;
	case LATENCY:
		if (now.removal_first)
			remove_below(REMOVING_FIRST);
		else
			fence();
		break;
	case REMOVING_FIRST:
		enter(CXL_STATE_REMOVED, "");
		fence();
		break;
	case FENCING:
		fenced();
		break;
	case PINS:
		cxl_recovery_blocked(now.record, "", 0);
		unbind_next();
		break;
	case UNBINDING:
		now.index++;
		unbind_next();
		break;
	case RELEASING:
		now.index++;
		release_next();
		break;
	case REMOVING:
		enter(CXL_STATE_REMOVED, "");
		cycle_link();
		break;
	case LINK_GOING_DOWN:
		if (result == 0) {
			give_up(CXL_STATE_REBOOT_CHOSEN, "the link does not go down");
			break;
		}
		enter(CXL_STATE_LINK_DOWN, "");
		now.until = cxl_now() + BUSY_BUDGET;
		clear_status();
		break;
	case BUSY:
		clear_status();
		break;
	case LINK_COMING_UP:
		if (result == 0) {
			give_up(CXL_STATE_RECOVERED_REDUCED, "the link does not come up");
			break;
		}
		enter(CXL_STATE_LINK_UP, "");
		await(SETTLING, CXL_REQUEST_SLEEP, SETTLE_TIME, 0, 0);
		break;
	case SETTLING:
		await(SCANNING, CXL_REQUEST_RESCAN, now.port->device, 0, 0);
		break;
	case SCANNING:
		if (result == 0) {
			give_up(CXL_STATE_RECOVERED_REDUCED, "nothing answers below the port");
			break;
		}
		enter(CXL_STATE_ENUMERATED, "");
		now.index = 0;
		restore_next();
		break;
	case RECREATING:
		if (result < 0) {
			restore_failed();
			break;
		}
		now.made = (int32_t)result;
		await(CLEARING, CXL_REQUEST_CLEAR, (uint64_t)cxl_value((uint32_t)now.made, CXL_VALUE_START), (uint64_t)cxl_value((uint32_t)now.made, CXL_VALUE_SIZE), 0);
		break;
	case CLEARING:
		if (result < 0)
			restore_failed();
		else if (result == 0)
			memory_silent();
		else
			await(ACTIVATING, CXL_REQUEST_ACTIVATE, (uint32_t)now.made, 0, 0);
		break;
	case ACTIVATING:
		if (result < 0)
			restore_failed();
		else
			await(SPLITTING, CXL_REQUEST_RESTORE_DAX, (uint32_t)now.made, (uint32_t)now.plans[now.index], 0);
		break;
	case SPLITTING:
		if (result < 0)
			restore_failed();
		else
			restored(NULL);
		break;
	case IDLE:
		break;
	}
}

void cxl_completed(int32_t request, int64_t result)
{
	if (request == now.request)
		advance(result);
}

/* Reads a port's status; newly isolated: it waits for its recovery. */
static void examine(struct port *port, const char *source)
{
	uint32_t status;

	if (port == NULL || port->is_isolated)
		return;
	status = readl(port->isolation + CXL_TIMEOUT_ISOLATION_STATUS);
	if (!(status & CXL_TIMEOUT_ISOLATION_STATUS_MEMORY_ISOLATION))
		return;
	port->is_isolated = true;
	cxl_set_isolated(port->device, 1);
	cxl_logf(CXL_LOG_ERR, "cxl_isolation %s: CXL.mem isolated by %s (%s)", port->name, status & CXL_TIMEOUT_ISOLATION_STATUS_MEMORY_ISOLATION_LINK_DOWN ? "link down" : "transaction timeout", source);
	mark(port, "isolated", source);
	if (cxl_parameter_is("action", "panic")) {
		char text[64];
		uint32_t length = cxl_snprintf(text, sizeof(text), "CXL.mem isolation on %s", port->name);

		cxl_panic(text, length);
	}
	queue[queued++] = port;
	if (now.step == IDLE)
		await(STARTED, CXL_REQUEST_WORK, 0, 0, 0);
}

void cxl_interrupt(uint32_t device, uint32_t message)
{
	(void)message;
	examine(port_of(device), "interrupt");
}

void cxl_isolation(uint32_t device, uint32_t source)
{
	examine(port_of(device), source == CXL_SOURCE_ACPI_NOTIFY ? "ACPI notify" : "machine check");
}

void cxl_remove(uint32_t device)
{
	struct port *port = port_of(device);

	if (port != NULL)
		port->is_used = false;
}
