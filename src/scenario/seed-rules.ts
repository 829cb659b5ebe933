// The rules of Linux's memory side: the checks of region assembly (A1-A20) and what the source documents ask for (S1-S93), one line each.

/** Why a rule has no test of its own. `record`: it says nothing that could be run. `impossible`: it cannot arise here. */
export interface Exempt {
  readonly kind: "record" | "impossible";
  readonly reason: string;
}

export interface Rule {
  readonly id: string;
  readonly text: string;
  /** Where it comes from. */
  readonly clause: string;
  readonly exempt?: Exempt;
}

type Row = readonly [text: string, exempt?: Exempt];

const numbered = (prefix: string, clause: string, rows: readonly Row[], first = 1): Rule[] =>
  rows.map(([text, exempt], index) => ({ id: `${prefix}${index + first}`, text, clause, ...(exempt === undefined ? {} : { exempt }) }));

const record = (reason: string): Exempt => ({ kind: "record", reason });

const assemblyChecks: readonly Row[] = [
  ["The endpoint's decoders can do the ways, and the address bits of the granularity: ENXIO"],
  ["The decoder's DPA lies in a partition: ENODEV"],
  ["The partition's kind is the region's: EINVAL"],
  ["The region is not beyond INTERLEAVE_ACTIVE: EBUSY"],
  ["The region is not before INTERLEAVE_ACTIVE: ENXIO"],
  ["There is room for one more target: EINVAL"],
  ["The endpoint's host bridge is a dport of the root: ENXIO"],
  ["The decoder's type is the region's: ENXIO"],
  ["The decoder has DPA: ENXIO"],
  ["DPA size times ways, with a memory-side cache, is the region's size: EINVAL"],
  ["An auto region takes a decoder in state AUTO only: EINVAL, an error line"],
  ["The slot is free; targets take the first free one in order of arrival: ENXIO, an error line"],
  ["With fewer targets than ways the region waits, silently"],
  ["Each target's position follows from the decoders above it, found by their exact range: ENXIO, two kinds of error lines"],
  ["Targets are sorted by position, also when a position could not be found"],
  ["The root's target at the index modulo the root's ways is the target's host bridge: ENXIO"],
  ["At each port a decoder with the region's range, in ascending order of address, unused, not wider than its ways: EBUSY or ENXIO"],
  ["At each port ways, granularity, range and state of the decoder are what the levels above ask for, or two error lines: EINVAL or ENXIO"],
  ["At each port the targets are the dports in the order of positions, and peers share a dport: ENXIO"],
  ["Restricted (CXL 1.1) and other hosts do not mix: ENXIO", { kind: "impossible", reason: "machines have no restricted hosts: CEDT structures of version 0 get no port, so that nothing can mix" }],
];

const assembly: readonly Row[] = [
  ["An auto region whose members never all come stays registered, disabled, without a time limit"],
  ["A partial region keeps its addresses: a new region there fails with ERANGE"],
  ["POL-ASM=leave: nothing removes a failed auto region, whatever comes later"],
  ["POL-ASM=unregister: a failure removes the region; decoders are left committed or are reset, by choice"],
  ["POL-ASM=timeout: the time runs from the first endpoint and ends with the last; expiry unregisters; each region has its own"],
  ["Assembly policies hold alike for persistent memory and for windows without Soft Reserved memory"],
  ["POL-FAILOVER: after a failed assembly the range becomes an hmem dax device"],
  ["One decision function takes boundary mismatches and assembly failures alike, or apart, as configured"],
  ["A broken firmware interleave calls for repair: a verdict, and POL-OPS=decommission ends the run"],
  ["A range with a lost member handed to dax fails exactly at that member's granules"],
  ["Assembly can fail while the hardware decodes well: reads through dax then succeed"],
  ["Every named step of the assembly can be made to fail, and the invariants hold"],
  ["Leaving a region alone is like RAID only where userspace can take it apart and build it again"],
  ["A region that a user left half made and one that assembly left differ only in decoder enable, decoder state and the auto flag"],
  ["Userspace cannot take a partial auto region apart: ENXIO at an empty slot, EBUSY at the DPA of committed decoders"],
  ["Addresses, DPA and decoders are three ledgers; each policy says which of them it releases"],
  ["POL-UNWIND=full: userspace can undo every step of assembly, back to the state before discovery"],
  ["Whether this is a gap or a bug", record("a judgement; scenarios that were seen in the field say so")],
  ["Two roadmaps as presets, held against each other over the same faults"],
  ["A listing with idle objects shows how many targets a region wants and which came"],
  ["A listing says neither why, nor which member is missing, nor when"],
  ["POL-LOG: quiet says nothing of a member that is only missing; explicit gives one error line for a terminal failure"],
  ["The first symptom is missing capacity, from a stated time on"],
  ["Whether a region can be made again with the same resources, under each policy"],
  ["An hmem dax device can lie on top of a partial region that stays"],
  ["Unregistering a failed region goes together with every form of takeover"],
];

const ownership: readonly Row[] = [
  ["A dax region claims its range in one global tree; a second claimant fails with ENOMEM"],
  ["The first claimant wins; the other's device stays, unbound, to be seen"],
  ["A mode variable that only Soft Reserved ranges can move stays at defer where there are none"],
  ["Creating a region over a range that hmem has fails with ERANGE, and the attempt leaves nothing behind"],
  ["The decision comes when probing is at rest; an endpoint that comes later does not change it"],
  ["What makes regions after the decision passes the same checks: users, hot-added cards, rebound memory devices"],
  ["POL-BLAST: a failure touches the Soft Reserved ranges it is about, or everything"],
  ["Exclusion and the hold on addresses are enough: no two dax devices over one address, whatever the order"],
  ["Memory that firmware left alone: hot-added, present but not decoded, decoded by a user later"],
  ["POL-OWN: taking everything down, per range, or nothing, over the same faults"],
  ["Each choice counted: objects left unbound, and end states that depend on order"],
  ["/proc/iomem nests alike whoever owns the memory; only the dax device's parent tells"],
  ["POL-SRPUB: Soft Reserved lines always, never or late in /proc/iomem"],
  ["Hiding Soft Reserved lines changes no dax device"],
  ["POL-RESETGATE: a region under an hmem dax device can be decommitted, or not"],
  ["Event logs are read and cleared record by record, most severe log first"],
  ["With late Soft Reserved lines: unbind hmem, decommit, delete; then the addresses are free"],
  ["A region destroyed under an hmem dax device cannot be made again: ERANGE"],
];

const trimming: readonly Row[] = [
  ["Soft Reserved lines that outlive a region keep a replacement from its addresses"],
  ["POL-SR=trim: a region cuts its range out of Soft Reserved memory, whatever their overlap"],
  ["What is left of Soft Reserved memory is published and given to dax"],
  ["POL-SR=all-or-nothing: any trouble takes all of CXL down and gives every Soft Reserved range to dax"],
  ["Taking down is the exact reverse of the root's probe, and can be done twice"],
  ["A sticky flag says that firmware's regions met trouble; regions of users do not set it"],
  ["The decision runs as work after probing; a flag raised later has no effect"],
  ["Soft Reserved memory equal to, larger than, smaller than a window, over two, over none"],
  ["POL-LEFTOVER: what is left over is wasted, goes to dax, or the whole range goes to hmem"],
  ["Soft Reserved memory larger than its region goes whole to hmem, and dax_cxl loses"],
  ["How many regions one fault costs, under each policy"],
  ["POL-SR=softened: ranges that are not wholly handled become plain dax, the others stay with CXL"],
  ["Firmware that the kernel misreads costs all capacity where nothing takes over"],
  ["When all is at rest every Soft Reserved byte is in a dax device, or the policy says it is wasted"],
  ["Waiting for probes says nothing of drivers that are not registered yet"],
  ["Waiting for the drivers as well: every load order ends in the same state"],
  ["POL-QUIESCE=delay: a device slower than the delay gets the wrong owner; a barrier waits"],
  ["Soft Reserved memory is kept back only where a consumer is configured, and up to a defined point"],
  ["Soft Reserved memory outside all windows goes to hmem without waiting"],
  ["Who takes a Soft Reserved range puts its line into /proc/iomem, and takes it out when it lets go"],
  ["Decide late: a region that took its range at construction and failed later loses it"],
  ["POL-SR=trim-after-probe: only regions that were probed cut; the rest is plain dax, split"],
  ["Trimming while regions are made is easier than going over them later", record("an argument about effort, nothing that can be observed")],
];

const isolation: readonly Row[] = [
  ["Link down and transaction timeout, each enabled by itself, isolate the root port; without it the platform decides"],
  ["Isolated: writes are acknowledged and dropped, reads end in a machine check"],
  ["POL-ISOEXIT: what ends isolation, and that a link-down pass comes before re-enumeration"],
  ["Storm, evacuation, surprise removal, new plug: the steps in order"],
  ["All contents are forfeited; no consumer reads old data afterwards"],
  ["The whole is judged against a reboot"],
  ["One hole in the mitigation and the host panics anyway"],
  ["A machine check on a page that the kernel maps is a panic; by context"],
  ["Why machine checks are survived as a rule: few lines, mostly of users"],
  ["Isolation takes everything below the root port at once"],
  ["POL-INTERLEAVE: an interleave over ports spreads the loss over the whole region"],
  ["System RAM holds kernel data"],
  ["ZONE_MOVABLE is not enough: it needs normal memory, and its own memmap may lie on the device"],
  ["Surprise removal has the same problem: nothing forces ZONE_NORMAL off"],
  ["Pins hold removal off without bound"],
  ["POL-OFFLINE: a walk that aborts, or retries"],
  ["What is to be recovered must not be System RAM"],
  ["device-dax: shared, aligned mappings only"],
  ["A dax instance per VM: those on the failed port die, the others live"],
  ["Mappings of a file can be found and revoked: SIGBUS instead of machine checks"],
  ["Anonymous memory cannot be revoked"],
  ["POL-NOTIFY: notification alone improves nothing"],
  ["What the proposed driver programs, with the isolation that it lacked"],
  ["CXL.cache", record("out of scope for Linux; the capability bits are there and unused")],
  ["Recovery is valid only for a user who can lose a port, can manage memory in userspace, and prefers it to a reboot"],
  ["The order in which port driver and CXL core are to be untangled", record("a plan for other code")],
];

export const assemblyRules: readonly Rule[] = numbered("A", "region assembly 6.3", assemblyChecks);

const sections: readonly (readonly [clause: string, rows: readonly Row[]])[] = [["assembly failure", assembly], ["Soft Reserved ownership", ownership], ["trimming", trimming], ["Timeout & Isolation", isolation]];

export const seedRules: readonly Rule[] = sections.reduce<Rule[]>((before, [clause, rows]) => [...before, ...numbered("S", clause, rows, before.length + 1)], []);
