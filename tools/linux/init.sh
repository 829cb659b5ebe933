#!/bin/busybox sh
# First program of the guest: mounts what is needed, then runs what the rig sends on the second serial line, one command a line in base64, and answers
# with exit status, uptime, output and complaints, these in base64 too. The first serial line is the kernel's console.
export PATH=/bin:/usr/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
stty -F /dev/ttyS1 raw -echo
exec 3<>/dev/ttyS1
echo "@ready $(uname -r)" >&3
while read -r line <&3; do
  if [ "$line" = "@off" ]; then
    poweroff -f
  fi
  echo "$line" | base64 -d > /tmp/command
  sh /tmp/command > /tmp/out 2> /tmp/err < /dev/null 3>&-
  status=$?
  read -r uptime rest < /proc/uptime
  { echo "@done $status $uptime"; echo "@out $(base64 -w 0 < /tmp/out)"; echo "@err $(base64 -w 0 < /tmp/err)"; } >&3
done
