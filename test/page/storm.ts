// A run that nobody waits for: a cable that falls out three times a second for an hour, each time with all that the kernel does about it.

export const storm = `version: 1
name: a storm that nobody waits for
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 1GiB } }, { name: rp1, device: { volatile: 1GiB } }] }] }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
workloads:
  - vm: { name: vm1, memory: "\${dax:region0}", rate: 8M/s, reads: 100% }
faults:
  - { id: loose, when: { at: 1ms, times: 10000, every: 300ms }, do: { linkFlap: { port: rp1, time: 1ms } } }
limits: { time: 3600s, steps: 4000000000 }
expect:
  - { outcome: unaffected }
`;
