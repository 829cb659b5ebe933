// A run that goes red in several ways: a cable is pulled, a process dies that should not, and what is expected of the end is not what comes.

export const redScenario = `version: 1
name: a run that goes red
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { name: dev0, volatile: 512MiB } }
        - { name: rp1, isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { name: dev1, volatile: 512MiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
  - run: cxl create-region -d decoder0.0 -m \${mem:rp1} -w 1 -t ram
workloads:
  - vm: { name: vm1, memory: "\${dax:region0}", rate: 8M/s, reads: 70%, vcpus: 2 }
  - vm: { name: vm2, memory: "\${dax:region1}", rate: 8M/s, reads: 70%, vcpus: 2 }
faults:
  - { id: cable-out, when: { at: 5ms }, do: { linkDown: rp0 } }
  - { id: cable-in, when: { after: CLEARED }, do: { linkUp: rp0 } }
expect:
  - { outcome: recovered }
  - { metric: killed, equals: 0 }
  - { workload: vm1, field: killed, equals: false }
  - { register: rp0.timeoutIsolation.status.memoryIsolation, equals: 1 }
  - { log: no such line, atLeast: 1 }
  - { never: machine check }
`;
