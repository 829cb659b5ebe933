#!/bin/busybox sh
# Waits until nothing new has come for a while: no device or driver (the number of the kernel's last uevent), no line of its log. At most $1 seconds (90).
left=$((${1:-90} * 2))
same=0
while [ $left -gt 0 ] && [ $same -lt 3 ]; do
  before="$now"
  now="$(cat /sys/kernel/uevent_seqnum) $(dmesg | wc -l)"
  if [ "$now" = "$before" ]; then same=$((same + 1)); else same=0; fi
  echo "$now"
  sleep 0.5
  left=$((left - 1))
done
[ $same -ge 3 ]
