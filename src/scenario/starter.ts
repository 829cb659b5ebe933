// The scenario that `cxl-sandbox init` writes, without its first line.

export const starter = `# A machine with two CXL memory cards. The link of one of them goes down; the host is to live on. Run it:
#   npx cxl-sandbox run scenario.yaml
# All keys: docs/scenarios.md of cxl-sandbox, or what an editor with YAML support offers.
version: 1
name: one card is lost, the host lives

# What the hardware can do. Ports are rp0, rp1, ... unless they have names; capacities are multiples of 256MiB.
machine:
  hostBridges:
    - rootPorts:
        - name: rp0
          isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }
          device: { volatile: 512MiB }
        - name: rp1
          isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }
          device: { volatile: 512MiB }

# What firmware leaves behind: one window of addresses over the host bridge.
firmware:
  windows: [{ targets: [hb0], size: 4GiB }]

# Which kernel runs: a preset, and single policies that differ from it (docs/policies.md).
kernel:
  preset: isolation-safe

# What is done before the clock of the faults begins. Names that are a race in the kernel are written as references.
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
  - run: cxl create-region -d decoder0.0 -m \${mem:rp1} -w 1 -t ram

# Who uses the memory: a virtual machine on each card.
workloads:
  - vm: { name: vm0, memory: "\${dax:region0}", rate: 1M/s, reads: 70% }
  - vm: { name: vm1, memory: "\${dax:region1}", rate: 1M/s, reads: 70% }

# What fails, and when (docs/faults.md). A fault that does not fire makes the run invalid.
faults:
  - { id: cable, when: { at: 5ms }, do: { linkDown: rp0 } }

# What must hold at the end.
expect:
  - { workload: vm0, field: killed, equals: true }
  - { workload: vm1, field: killed, equals: false }
  - { log: "isolat", atLeast: 1 }
`;
