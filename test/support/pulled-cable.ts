// A short scenario in which a link goes down, a guest dies and a recovery runs: something of everything that happens in time.

export const pulledCable = `version: 1
name: a cable is pulled
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { name: dev0, volatile: 512MiB } }
firmware: { windows: [{ targets: [hb0], size: 1GiB }] }
kernel: { preset: isolation-safe }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
workloads:
  - vm: { name: vm1, memory: "\${dax:region0}", rate: 1M/s, reads: 70% }
faults:
  - { id: cable-out, when: { at: 5ms }, do: { linkDown: rp0 } }
  - { id: cable-in, when: { after: CLEARED }, do: { linkUp: rp0 } }
expect:
  - { outcome: recovered }
`;
